import {
  type FileEntry,
  Manifest,
  type ManifestSnapshot,
  ManifestWriter,
  publishFiles,
} from '@tb/history';
import { isLiveError, LiveReader } from '@tb/live';
import type { Layout } from '@tb/schema';
import { OpsError } from '../errors.ts';
import type { Clock } from './clock.ts';
import type { CandleRole, MarketSource, TickRole } from './market-source.ts';
import { assertGoingOn, type MigratedTable, type Migration } from './migration.ts';
import { isReason } from './reason.ts';
import type { Columns, SourceColumn } from './source-table.ts';
import type { MarketDate, MarketSymbol } from './worker/market-target.ts';
import type { RejectedRow } from './worker/rejected-rows.ts';

/** What was published. */
export interface MarketOutcome {
  readonly dates: number;
  readonly files: number;
  /** Dates whose rows were all there already. */
  readonly alreadyThere: number;
}

interface Market {
  readonly migration: Migration;
  readonly sources: readonly MarketSource[];
  readonly migrated: ReadonlyMap<number, MigratedTable>;
}

/** Candles and ticks into day files: decided as a whole, published date by date, read back. */
export async function passMarket(migration: Migration): Promise<MarketOutcome> {
  const sources = migration.tables.flatMap(sourceOf);
  const market: Market = {
    migration,
    sources,
    migrated: new Map(migration.tables.map((each) => [each.id, each])),
  };
  if (sources.length === 0) return { dates: 0, files: 0, alreadyThere: 0 };
  await decide(market);
  using reader = Manifest.openReader(migration.layout);
  await compare(market, reader.snapshot());
  await count(market);
  const dates = await migration.client.call('marketDates');
  refuseLiveDates(migration, dates, reader.snapshot());
  const outcome = {
    dates: dates.length,
    files: 0,
    alreadyThere: dates.filter((date) => date.newRows === 0).length,
  };
  if (migration.dryRun) return outcome;
  const symbols = await registerSymbols(market, reader);
  migration.onStep('symbols');
  for (const [at, date] of dates.entries()) {
    assertGoingOn(migration);
    if (date.newRows > 0) outcome.files += await publishDate(market, date, symbols, reader);
    migration.progress.update(at + 1);
  }
  await verify(market, dates, reader.snapshot());
  migration.onStep('market');
  return outcome;
}

function sourceOf({ id, table, plan }: MigratedTable): MarketSource[] {
  if (plan.kind === 'candles')
    return [{ kind: 'candles', id, table, columns: plan.columns, rank: plan.rank }];
  if (plan.kind === 'ticks') return [{ kind: 'ticks', id, table, columns: plan.columns }];
  return [];
}

function timeColumn(source: MarketSource): string {
  const columns: Columns<CandleRole & TickRole> = source.columns;
  return (columns.time as SourceColumn).name;
}

async function decide({ migration, sources }: Market): Promise<void> {
  const { client, book, exchanges, now } = migration;
  const stated = new Map<number, Clock>();
  for (const source of sources) {
    const clock = book.stated(source.table, timeColumn(source));
    if (clock !== undefined) stated.set(source.id, clock);
  }
  const { clocks } = await client.call('stageMarket', { sources, exchanges, stated, now });
  for (const source of sources) {
    const decided = clocks.get(source.id);
    if (decided) book.set(source.table, timeColumn(source), decided);
  }
}

/** What the data root holds already: rows that are there stay moved and are not written again. */
async function compare({ migration }: Market, snapshot: ManifestSnapshot): Promise<void> {
  const { client } = migration;
  const symbols = await client.call('marketSymbols');
  await client.call('setSids', sidsOf(symbols, snapshot));
  for (const { exchange, tradingDate } of await client.call('marketDates'))
    for (const file of newestFiles(snapshot, exchange, tradingDate))
      await client.call('compareWithPublished', file);
}

function sidsOf(symbols: readonly MarketSymbol[], snapshot: ManifestSnapshot): [number, number][] {
  return symbols.flatMap(({ exchange, symbol, keyId }): [number, number][] => {
    const sid = snapshot.symbols(exchange).sidOf(symbol);
    return sid === undefined ? [] : [[keyId, sid]];
  });
}

/** The newest revision of each kind and timeframe of a date. */
function newestFiles(
  snapshot: ManifestSnapshot,
  exchange: string,
  tradingDate: string,
): FileEntry[] {
  const newest = new Map<string, FileEntry>();
  for (const file of snapshot.revisionsOf(exchange, tradingDate)) {
    const key = `${file.kind} ${file.timeframe}`;
    const known = newest.get(key);
    if (!known || file.revision > known.revision) newest.set(key, file);
  }
  return [...newest.values()].filter((file) => file.tier !== 'pruned');
}

/** The fates of all rows, into the tallies; quarantined rows into their file. */
async function count({ migration, sources, migrated }: Market): Promise<void> {
  const { client, quarantine } = migration;
  for (const { id, fate, reason, rows } of await client.call('countFates')) {
    const tally = (migrated.get(id) as MigratedTable).tally;
    if (fate !== 'quarantined') tally.add(fate, rows);
    else if (reason !== null && isReason(reason)) tally.quarantine(reason, rows);
    else
      throw new Error(`Rows of ${tally.table} went to quarantine for the unknown reason ${reason}`);
  }
  for (const { id, kind, table } of sources) {
    if ((migrated.get(id) as MigratedTable).tally.quarantined === 0) continue;
    await client.call('openRejected', { table, kind, id });
    for (;;) {
      const rows = (await client.call('nextRows')) as readonly RejectedRow[];
      if (rows.length === 0) break;
      for (const row of rows) quarantine.add(table, row, row.reason);
    }
  }
}

/** A published date hides its rows of the live buffer: they must be rolled over first. @throws `DATE_LIVE` */
function refuseLiveDates(
  { layout }: Migration,
  dates: readonly MarketDate[],
  snapshot: ManifestSnapshot,
): void {
  for (const exchange of new Set(dates.map((date) => date.exchange))) {
    const live = liveDates(layout, exchange);
    for (const { exchange: of, tradingDate, newRows } of dates)
      if (
        of === exchange &&
        newRows > 0 &&
        live.has(tradingDate) &&
        !snapshot.isPublished(of, tradingDate)
      )
        throw new OpsError('DATE_LIVE', `${of} ${tradingDate} is in the live buffer`, {
          hint: `Run \`tb rollover --exchange ${of} --date ${tradingDate}\`, then run the migration again.`,
        });
  }
}

function liveDates(layout: Layout, exchange: string): ReadonlySet<string> {
  try {
    using reader = LiveReader.open({ layout, exchange });
    const days = reader.snapshot().days.filter((day) => day.state !== 'cleared');
    return new Set(days.map((day) => day.tradingDate));
  } catch (error) {
    if (isLiveError(error, 'LIVE_ABSENT')) return new Set();
    throw error;
  }
}

/** Gives every symbol its sid, by the first date of its rows. */
async function registerSymbols(
  { migration }: Market,
  reader: Manifest,
): Promise<ReadonlyMap<string, ReadonlyMap<number, string>>> {
  const { client } = migration;
  const symbols = await client.call('marketSymbols');
  const groups = new Map<string, { exchange: string; firstDate: string; names: string[] }>();
  for (const { exchange, firstDate, symbol } of symbols) {
    const key = `${exchange} ${firstDate}`;
    const group = groups.get(key) ?? { exchange, firstDate, names: [] };
    group.names.push(symbol);
    groups.set(key, group);
  }
  if (groups.size > 0) {
    await using writer = await openWriter(migration);
    for (const { exchange, firstDate, names } of groups.values())
      await writer.sidsOf(exchange, names, firstDate);
  }
  const snapshot = reader.snapshot();
  await client.call('setSids', sidsOf(symbols, snapshot));
  const byExchange = new Map<string, Map<number, string>>();
  for (const { exchange, symbol } of symbols) {
    const names = byExchange.get(exchange) ?? new Map<number, string>();
    byExchange.set(exchange, names.set(snapshot.symbols(exchange).sidOf(symbol) as number, symbol));
  }
  return byExchange;
}

/** All files of one date in one manifest transaction: the commit point. */
async function publishDate(
  { migration }: Market,
  { exchange, tradingDate, newRows }: MarketDate,
  symbols: ReadonlyMap<string, ReadonlyMap<number, string>>,
  reader: Manifest,
): Promise<number> {
  const { client, source } = migration;
  const snapshot = reader.snapshot();
  const published = newestFiles(snapshot, exchange, tradingDate);
  const built = await client.call('buildDay', {
    exchange,
    tradingDate,
    revision: snapshot.nextRevision(exchange, tradingDate),
    published,
    symbols: allSymbols(snapshot, exchange, symbols.get(exchange), published.length > 0),
    sourceFingerprint: `migrate/${source.sha256}`,
  });
  migration.onStep(`built ${exchange} ${tradingDate}`);
  for (const { gate, subject, symbol, observed } of built.findings)
    migration.findings.push({
      kind: `gate ${gate}`,
      subject: [subject, symbol].filter(Boolean).join(' '),
      observed,
    });
  const replaces = built.files.some((file) =>
    published.some((known) => known.kind === file.kind && known.timeframe === file.timeframe),
  );
  const correction = {
    who: 'tb migrate',
    why: `rows of ${source.label} joined`,
    rowsAdded: newRows,
    rowsRemoved: 0,
    rowsChanged: 0,
  };
  await using writer = await openWriter(migration);
  await publishFiles(writer, built.files, {
    correction: replaces ? correction : undefined,
    onStep: (step) =>
      migration.onStep(
        step === 'published'
          ? `published ${exchange} ${tradingDate}`
          : `placed ${step} ${exchange} ${tradingDate}`,
      ),
  });
  return built.files.length;
}

/** A date that was published before has symbols that the old file does not know. */
function allSymbols(
  snapshot: ManifestSnapshot,
  exchange: string,
  ours: ReadonlyMap<number, string> | undefined,
  isPublished: boolean,
): ReadonlyMap<number, string> {
  return isPublished ? new Map(snapshot.symbols(exchange).entries()) : (ours ?? new Map());
}

/** Every moved row stands in a published file, with the same values. @throws `MIGRATION_MISMATCH` */
async function verify(
  { migration, migrated, sources }: Market,
  dates: readonly MarketDate[],
  snapshot: ManifestSnapshot,
): Promise<void> {
  let found = 0;
  for (const { exchange, tradingDate } of dates)
    for (const file of newestFiles(snapshot, exchange, tradingDate)) {
      const { rows, missing } = await migration.client.call('missingInPublished', file);
      if (missing > 0)
        throw new OpsError(
          'MIGRATION_MISMATCH',
          `${file.path} lacks ${missing} of the ${rows} rows that were moved into it`,
        );
      found += rows;
    }
  const moved = sources.reduce(
    (sum, { id }) => sum + (migrated.get(id) as MigratedTable).tally.moved,
    0,
  );
  if (found !== moved)
    throw new OpsError(
      'MIGRATION_MISMATCH',
      `${moved} candles and ticks were moved, ${found} of them are in published files`,
    );
}

function openWriter({ layout, signal }: Migration): Promise<ManifestWriter> {
  return ManifestWriter.open({ layout, purpose: 'tb migrate', signal });
}
