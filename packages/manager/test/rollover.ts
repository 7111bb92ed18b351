import {
  buildDay,
  type DayResult,
  openBuildInstance,
  type Published,
  type PublishOptions,
  placeFiles,
} from '@tb/history';
import { LiveReader, type LiveSnapshot, loadCandles, loadTicks } from '@tb/live';
import type { DatabaseManager } from '@tb/manager';
import type { CandleColumns } from '@tb/schema';

type Ingestor = DatabaseManager<'ingestor'>;

/** Everything of a live date that a day file needs, and what clearing it will want to see. */
export interface Frozen {
  readonly frozenSeq: bigint;
  readonly live: LiveSnapshot;
}

export async function freeze(manager: Ingestor, exchange: string, date: string): Promise<Frozen> {
  const { frozenSeq } = await manager.live(exchange).freeze(date);
  const reader = LiveReader.open({ layout: manager.layout, exchange });
  try {
    return { frozenSeq, live: reader.snapshot() };
  } finally {
    reader.close();
  }
}

/** Builds and publishes one date of the live buffer, in this process; the rollover of apps/ops does it in a child. */
export async function publishLive(
  manager: Ingestor,
  exchange: string,
  date: string,
  { live }: Frozen,
  options: { revision?: number; publish?: PublishOptions } = {},
): Promise<{ result: DayResult; published: Published }> {
  await using build = await openBuildInstance();
  const { connection } = build;
  await connection.run(
    'CREATE TABLE source_ticks (sid INTEGER, ts TIMESTAMP_NS, seq BIGINT, price DOUBLE, volume DOUBLE, bid DOUBLE, ask DOUBLE)',
  );
  await connection.run(
    'CREATE TABLE source_minutes (sid INTEGER, ts TIMESTAMP_NS, open DOUBLE, high DOUBLE, low DOUBLE, close DOUBLE, volume DOUBLE)',
  );
  const duck = connection as unknown as Parameters<typeof loadTicks>[0];
  await loadTicks(
    duck,
    'source_ticks',
    live.tail.filter((chunk) => chunk.tradingDate === date),
  );
  for (const segment of live.segments.filter((one) => one.tradingDate === date)) {
    await connection.run(`ATTACH '${segment.path}' AS segment (TYPE duckdb, READ_ONLY)`);
    await connection.run(
      'INSERT INTO source_ticks SELECT sid, ts, seq, price, volume, bid, ask FROM segment.data',
    );
    await connection.run('DETACH segment');
  }
  const ticks = live.days.find((day) => day.tradingDate === date)?.rows ?? 0;
  const minutes: CandleColumns = live.candles(date, { forming: true });
  if (ticks === 0) await loadCandles(duck, 'source_minutes', minutes);
  const source =
    ticks > 0
      ? { ticks: 'SELECT * FROM source_ticks' }
      : { candles: { '1m': 'SELECT * FROM source_minutes' } };
  return await publishSource(manager, exchange, date, connection, source, live.coverage, options);
}

/** Builds and publishes a date from relations of a connection. */
export async function publishSource(
  manager: Pick<Ingestor, 'layout' | 'calendarOf' | 'marketDataWriter'>,
  exchange: string,
  date: string,
  connection: Parameters<typeof buildDay>[0],
  source: Parameters<typeof buildDay>[1]['source'],
  coverage: LiveSnapshot['coverage'] = [],
  options: { revision?: number; publish?: PublishOptions } = {},
): Promise<{ result: DayResult; published: Published }> {
  const { layout } = manager;
  const calendar = manager.calendarOf(exchange);
  const session = calendar.sessionOf(date);
  if (!session) throw new Error(`${exchange} has no session on ${date}`);
  await using writer = await manager.marketDataWriter({ waitMs: 5_000 });
  const result = await buildDay(connection, {
    ...{ layout, session, calendar, source, coverage },
    revision: options.revision ?? 1,
    symbols: writer.snapshot().symbols(exchange).entries(),
    sourceFingerprint: 'test',
  });
  if (!result.ok)
    throw new Error(
      `Gates: ${JSON.stringify(result.gates.filter((gate) => !gate.ok)).slice(0, 800)}`,
    );
  await placeFiles(layout, result.files);
  return { result, published: writer.publish(result.files, options.publish) };
}

export async function clear(
  manager: Ingestor,
  exchange: string,
  date: string,
  frozen: Frozen,
  { result, published }: { result: DayResult; published: Published },
): Promise<void> {
  await manager.live(exchange).clear(date, {
    publishedProof: {
      manifestVersion: published.version,
      frozenSeq: frozen.frozenSeq,
      tickRows: result.rows['ticks'] ?? 0,
      candleRows: result.rows['1m'] ?? 0,
    },
  });
}
