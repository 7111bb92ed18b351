import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import type { DuckDBInstance } from '@duckdb/node-api';
import { loadDuckdb } from '@tb/history';
import { Calendars } from '@tb/manager/calendars';
import { layoutOf } from '@tb/schema';
import { type Block, candleBlocks, tickBlocks } from '../input/blocks.ts';
import { type Input, inputOf, sha256Of } from '../input/cell-source.ts';
import { serveWorker } from '../worker/serve-worker.ts';
import { dateOfRow } from './date-of-row.ts';
import { dropRepeats } from './drop-repeats.ts';
import { SidSource } from './sid-source.ts';
import type { StagedDate, StageEvent, StageJob, StageResult } from './stage-job.ts';
import { StageWriter } from './stage-writer.ts';

const MEMORY = '512MB';

serveWorker(stage);

/** Reads and checks every row once; what is accepted lies in the stage by trading date, the rest is told with its reason. */
async function stage(
  job: StageJob,
  _step: (name: string) => void,
  emit: (event: StageEvent) => void,
): Promise<StageResult> {
  const layout = layoutOf(job.root);
  const calendar = new Calendars(layout).of(job.exchange);
  const instance = await loadDuckdb().DuckDBInstance.create(job.stagePath, {
    memory_limit: MEMORY,
    threads: '2',
    temp_directory: `${dirname(job.stagePath)}/spill`,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  using sids = SidSource.open(layout, job.exchange, job.dryRun);
  const sha256: string[] = [];
  let rowsRead = 0;
  try {
    const writer = await StageWriter.create(connection);
    for (const [file, name] of job.files.entries()) {
      const input = inputOf(name, job.input.format);
      sha256.push(await sha256Of(input));
      for await (const block of blocksOf(input, job, (date) => calendar.sessionOf(date)?.open)) {
        rowsRead += block.rowsRead;
        const dated = dateOfRow(block, calendar, job.input);
        await sids.add(
          dated.accepted.map((row) => block.batch.symbol[row] ?? ''),
          dated.firstDate,
        );
        writer.add(block, dated, file, sids);
        const rows = [...block.rejected, ...dated.rejected];
        if (rows.length > 0) emit({ type: 'rejected', rows });
        emit({ type: 'read', rowsRead });
      }
    }
    writer.close();
    const repeats =
      job.input.kind === 'candles'
        ? await dropRepeats(connection, job.files, sids)
        : { duplicates: 0, conflicts: [] };
    if (repeats.conflicts.length > 0) emit({ type: 'rejected', rows: repeats.conflicts });
    const dates = await datesOf(connection);
    await connection.run('CHECKPOINT');
    return {
      rowsRead,
      rowsDuplicate: repeats.duplicates,
      dates,
      symbols: sids.names,
      sha256,
    };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

type AnyBlock = Block<{ readonly symbol: string | readonly string[]; readonly ts: BigInt64Array }>;

function blocksOf(
  input: Input,
  job: StageJob,
  dateToTs: (date: string) => bigint | undefined,
): AsyncIterable<AnyBlock> {
  const nothing = Readable.from([]);
  return job.input.kind === 'ticks'
    ? tickBlocks(input, job.input, nothing)
    : candleBlocks(input, job.input, nothing, dateToTs);
}

async function datesOf(
  connection: Awaited<ReturnType<DuckDBInstance['connect']>>,
): Promise<StagedDate[]> {
  const rows = await connection.runAndReadAll(
    'SELECT CAST(day AS VARCHAR) AS day, file, count(*) AS n FROM stage GROUP BY day, file ORDER BY day, file',
  );
  const dates = new Map<string, Map<number, number>>();
  for (const row of rows.getRowObjects()) {
    const day = String(row['day']);
    const files = dates.get(day) ?? new Map<number, number>();
    dates.set(day, files.set(Number(row['file']), Number(row['n'])));
  }
  return [...dates].map(([tradingDate, files]) => ({ tradingDate, files }));
}
