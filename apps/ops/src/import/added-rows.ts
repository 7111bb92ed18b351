import type { Explanation, GateResult, openBuildInstance } from '@tb/history';
import { type BuildJob, type ImportDate, publishedOf } from './build-job.ts';
import { columnsOf, type RelationOf } from './day-source.ts';
import { stagedFrom, stagedRowsSql } from './stage-job.ts';

type Connection = Awaited<ReturnType<typeof openBuildInstance>>['connection'];

const TICK = 'sid, ts, price, volume, bid, ask';

/**
 * Ticks that are about to be added and equal published ones in every column, one finding a symbol. Two trades may be equal,
 * but a whole file sent in place of its late rows looks just so: somebody has to say which it is.
 */
export async function repeatedTicks(
  connection: Connection,
  job: BuildJob,
  date: ImportDate,
  relationOf: RelationOf,
): Promise<readonly GateResult[]> {
  const file = publishedOf(date, job.input);
  if (job.mode === 'replace' || job.input.kind !== 'ticks' || !file) return [];
  const rows = await connection.runAndReadAll(
    `SELECT sid, count(*) AS n FROM (
       SELECT ${TICK} FROM (${stagedRowsSql('ticks', date)})
       INTERSECT ALL
       SELECT ${TICK} FROM ${relationOf(file)} AS published WHERE sid IN (SELECT sid FROM ${stagedFrom(date)})
     ) GROUP BY sid ORDER BY sid`,
  );
  return rows
    .getRowObjects()
    .map((row) => repeatedResult(job, date, row['sid'] as number, row['n'] as bigint));
}

function repeatedResult(job: BuildJob, date: ImportDate, sid: number, count: bigint): GateResult {
  const symbol = job.symbols.get(sid) ?? `sid ${sid}`;
  const explanation = job.explained.find((one) => accepts(one, symbol));
  return {
    gate: 'repeated_ticks',
    ok: explanation !== undefined,
    severity: 'refuse',
    subject: `${job.exchange} ticks ${date.tradingDate}`,
    symbol,
    observed: `${count} of the added ticks equal published ones in every column`,
    expected: 'ticks that are not published yet',
    ...(explanation && { explanation: explanation.reason }),
  };
}

function accepts({ gate, symbol }: Explanation, of: string): boolean {
  return gate === 'repeated_ticks' && (symbol === undefined || symbol === of);
}

/** How many of the candles that are about to be added are published already. */
export async function repeatedCandles(
  connection: Connection,
  job: BuildJob,
  date: ImportDate,
  relationOf: RelationOf,
): Promise<number> {
  const file = publishedOf(date, job.input);
  if (job.mode === 'replace' || job.input.kind !== 'candles' || !file) return 0;
  const rows = await connection.runAndReadAll(
    `SELECT count(*) AS n FROM (${stagedRowsSql('candles', date)} INTERSECT SELECT ${columnsOf('candles')} FROM ${relationOf(file)} AS published)`,
  );
  return Number(rows.getRowObjects()[0]?.['n']);
}
