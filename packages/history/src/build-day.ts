import type { Session, SessionCalendar } from '@tb/calendar';
import { type DayFileKey, type Layout, STORED_TIMEFRAMES, type StoredTimeframe } from '@tb/schema';
import { buildRows } from './build.ts';
import { type BuiltFile, COLUMNS } from './day-file.ts';
import { type DayFile, DaySubjects } from './day-subjects.ts';
import { deriveCandlesSql } from './derive.ts';
import type { DerivePlan } from './derive-slices.ts';
import type { DuckConnection } from './duck.ts';
import { HistoryError } from './errors.ts';
import type { Explanation, GateContext, GateSubject } from './gates/gate.ts';
import { type GateResult, gatesPassed, runGates } from './gates/run-gates.ts';
import { onLanes } from './lanes.ts';
import { discardFiles } from './place.ts';
import { assertColumns, canonicalRelation } from './rows.ts';
import { discardTemps } from './unlisted.ts';
import type { BuildStep, CoverageRange } from './write-file.ts';

/** Source rows of a trading date: SELECTs with the columns of `data`, sids already given. */
export interface DaySource {
  readonly ticks?: string | undefined;
  /** Supplied candles. 1m of symbols that have ticks too are a finding, not a choice. */
  readonly candles?: Readonly<Partial<Record<StoredTimeframe, string>>> | undefined;
}

/** One trading date to build. */
export interface DaySpec {
  readonly layout: Layout;
  readonly session: Session;
  readonly calendar: Pick<SessionCalendar, 'expectedCandles'>;
  /** One revision for all files; `ManifestSnapshot.nextRevision`. */
  readonly revision: number;
  readonly source: DaySource;
  /** sid to text, of at least the sids in the rows; `ManifestSnapshot.symbols(exchange).entries()`. */
  readonly symbols: ReadonlyMap<number, string>;
  readonly sourceFingerprint: string;
  /** When feeds were connected; leave it out where nobody recorded it. */
  readonly coverage?: readonly CoverageRange[] | undefined;
  readonly expectedSymbols?: readonly string[] | undefined;
  /** Findings that somebody accepts. */
  readonly explained?: readonly Explanation[] | undefined;
  /** Whether findings against expectations (missing symbols, holes, hours) refuse, as they do by default, or are told. */
  readonly expectations?: 'refuse' | 'flag' | undefined;
  readonly allowEmpty?: boolean | undefined;
  readonly allowNonPositivePrices?: boolean | undefined;
  /** Build, run the gates, and remove the files again. */
  readonly dryRun?: boolean | undefined;
  readonly sliceRows?: number | undefined;
  /**
   * Another connection of the same instance, which sees `source.ticks` too (tables of the instance, not temporary ones). Then a
   * date without supplied candles is read, written and checked on both at once.
   */
  readonly beside?: DuckConnection | undefined;
  readonly onStep?: ((step: BuildStep | 'gated', key?: DayFileKey) => void) | undefined;
}

/** Plain data: a child process can send it as JSON. */
export interface DayResult {
  readonly ok: boolean;
  /** Built files under temporary names, to place and publish; empty when a gate refused, and after a dry run. */
  readonly files: readonly BuiltFile[];
  readonly gates: readonly GateResult[];
  /** Rows of every file that was built, also of one that was removed again. */
  readonly rows: Readonly<Record<string, number>>;
}

/**
 * Builds ticks and candles of one trading date, all stored timeframes, and runs the gates over what was built. Publishes
 * nothing. Run it in a child process.
 *
 * 1m candles are derived from the ticks of the built file, 5m to 1d from the 1m candles of the built file, counted from
 * the session open; supplied candles are kept as they are. Leftover temporary files of the date are removed first.
 *
 * @throws `BUILD_MISMATCH`, `SID_UNKNOWN`, `BUILD_FAILED`; TypeError for a source with other columns. A refused gate is a
 *   result, not an error.
 */
export async function buildDay(connection: DuckConnection, spec: DaySpec): Promise<DayResult> {
  discardTemps(spec.layout, spec.session.exchange, spec.session.tradingDate);
  const files: BuiltFile[] = [];
  try {
    const gates = await buildAndCheck(connection, spec, files);
    spec.onStep?.('gated');
    files.sort((a, b) => order(a) - order(b));
    const rows = Object.fromEntries(files.map((file) => [file.timeframe || 'ticks', file.rows]));
    const ok = gatesPassed(gates);
    if (ok && !spec.dryRun) return { ok, files, gates, rows };
    await discardFiles(spec.layout, files);
    return { ok, files: [], gates, rows };
  } catch (error) {
    await discardFiles(spec.layout, files);
    throw buildError(spec.session, error);
  }
}

/** Ticks first, then candles by ascending timeframe. */
function order({ timeframe }: BuiltFile): number {
  return timeframe === '' ? -1 : STORED_TIMEFRAMES.indexOf(timeframe);
}

function buildError(session: Session, error: unknown): unknown {
  if (error instanceof HistoryError || error instanceof TypeError) return error;
  const date = `${session.exchange} ${session.tradingDate}`;
  return new HistoryError('BUILD_FAILED', `${date} was not built`, { cause: error });
}

async function buildAndCheck(
  connection: DuckConnection,
  spec: DaySpec,
  files: BuiltFile[],
): Promise<readonly GateResult[]> {
  await using subjects = new DaySubjects(connection, spec);
  // Supplied candles stand in temporary tables of the connection.
  const isAlone = spec.beside === undefined || Object.keys(spec.source.candles ?? {}).length > 0;
  const lanes = isAlone ? [connection] : [connection, spec.beside];
  await buildAll({ connection, lanes, spec, subjects, files });
  const results = await runGates(contextOf(connection, spec, subjects), spec, lanes);
  const drops = Object.keys(spec.source.candles ?? {}).map(
    (one) => `DROP TABLE IF EXISTS temp.main.tb_day_supplied_${one}`,
  );
  if (drops.length > 0) await connection.run(drops.join('; '));
  return results;
}

/** One trading date under construction. */
interface DayBuild {
  readonly connection: DuckConnection;
  /** `connection`, and the one beside it if there is one. */
  readonly lanes: readonly DuckConnection[];
  readonly spec: DaySpec;
  readonly subjects: DaySubjects;
  /** Every file that was built, also of a build that failed later. */
  readonly files: BuiltFile[];
}

async function buildAll(build: DayBuild): Promise<void> {
  await buildTicks(build);
  await buildMinutes(build);
  await buildWider(build);
}

function contextOf(connection: DuckConnection, spec: DaySpec, subjects: DaySubjects): GateContext {
  return {
    connection,
    session: spec.session,
    calendar: spec.calendar,
    subjects: subjects.all,
    symbolOf: (sid) => spec.symbols.get(sid) ?? `sid ${sid}`,
    coverage: spec.coverage,
    expectedSymbols: spec.expectedSymbols,
    allowEmpty: spec.allowEmpty,
    allowNonPositivePrices: spec.allowNonPositivePrices,
  };
}

/** What one file is built from. */
interface FileSource {
  readonly kind: 'ticks' | 'candles';
  readonly timeframe: StoredTimeframe | '';
  /** Canonical relation. */
  readonly rows: string;
  /** The temporary table that `rows` is, if it is one. */
  readonly table?: string | undefined;
  /** Relation with the sids of supplied candles. */
  readonly supplied?: string | undefined;
}

async function buildFile(
  { spec, files }: DayBuild,
  source: FileSource,
  lane: DuckConnection,
  beside?: DuckConnection,
): Promise<DayFile> {
  const { layout, session, symbols, revision, coverage, sliceRows, onStep } = spec;
  const { exchange, tradingDate, open } = session;
  const { sourceFingerprint } = spec;
  const { kind, timeframe, rows, table } = source;
  const key: DayFileKey = { exchange, kind, timeframe, tradingDate, revision };
  const fileSpec = { layout, key, symbols, sourceFingerprint, coverage, sliceRows, onStep };
  const built = await buildRows(lane, { ...fileSpec, originNs: open }, rows, beside);
  files.push(built.file);
  // Nothing reads them again, and rows in memory are not compressed.
  if (table !== undefined) await lane.run(`DROP TABLE ${table}`);
  return { ...built, supplied: source.supplied };
}

async function buildTicks(build: DayBuild): Promise<void> {
  const { connection, lanes, spec, subjects } = build;
  const { ticks } = spec.source;
  if (ticks === undefined) return;
  await assertColumns(connection, 'ticks', `(${ticks})`);
  const rows = canonicalRelation('ticks', `(${ticks})`);
  const source: FileSource = { kind: 'ticks', timeframe: '', rows };
  await subjects.add(await buildFile(build, source, connection, lanes[1]));
}

/** 1m: derived from the ticks of the built file, by slices, and supplied ones. */
async function buildMinutes(build: DayBuild): Promise<void> {
  const { connection, spec, subjects } = build;
  const ticks = subjects.find('');
  const supplied = await loadSupplied(connection, spec, '1m');
  if (!ticks && !supplied) return;
  const derived: string[] = [];
  if (ticks) {
    const { session } = spec;
    const { conditions, ...how } = await ticks.plan();
    for (const condition of conditions) {
      const from = `(SELECT * FROM ${ticks.target} WHERE ${condition}) AS ticks`;
      const request = { from, kind: 'ticks', timeframe: '1m', session, ...how } as const;
      derived.push(deriveCandlesSql(request));
    }
  }
  const source = await candleSource(connection, '1m', derived, supplied);
  await subjects.add(await buildFile(build, source, connection));
}

/** 5m to 1d: supplied ones, and derived from 1m for the symbols that have none. */
async function buildWider(build: DayBuild): Promise<void> {
  const { lanes, spec, subjects } = build;
  const minutes = subjects.find('1m');
  const plan = await minutes?.plan();
  const wider = STORED_TIMEFRAMES.filter((timeframe) => timeframe !== '1m');
  const built = await onLanes(lanes, wider, async (timeframe, lane) => {
    const source = await widerSource(lane, spec, timeframe, minutes, plan);
    return source && (await buildFile(build, source, lane));
  });
  for (const file of built) if (file) await subjects.add(file);
}

async function widerSource(
  lane: DuckConnection,
  spec: DaySpec,
  timeframe: StoredTimeframe,
  minutes: GateSubject | undefined,
  plan: DerivePlan | undefined,
): Promise<FileSource | undefined> {
  const { session } = spec;
  const supplied = await loadSupplied(lane, spec, timeframe);
  if (!minutes && !supplied) return undefined;
  const derived: string[] = [];
  for (const condition of plan?.conditions ?? []) {
    const rest = supplied ? ` AND sid NOT IN (SELECT sid FROM ${supplied.sids})` : '';
    const from = `(SELECT * FROM ${minutes?.target} WHERE ${condition}${rest}) AS minutes`;
    const hasFractions = plan?.hasFractions;
    derived.push(deriveCandlesSql({ from, kind: 'candles', timeframe, session, hasFractions }));
  }
  return await candleSource(lane, timeframe, derived, supplied);
}

/**
 * Supplied candles as they are; where some are derived, all in a temporary table: computed once, they are the source that the
 * file is compared with. Each derivation is a statement of its own, so that only one slice of rows is aggregated at a time.
 */
async function candleSource(
  lane: DuckConnection,
  timeframe: StoredTimeframe,
  derived: readonly string[],
  supplied: SuppliedCandles | undefined,
): Promise<FileSource> {
  if (supplied && derived.length === 0)
    return { kind: 'candles', timeframe, rows: supplied.rows, supplied: supplied.sids };
  const table = `temp.main.tb_day_${timeframe}`;
  const columns = COLUMNS.candles.map(([name, type]) => `${name} ${type}`);
  await lane.run(`CREATE OR REPLACE TEMP TABLE ${table} (${columns.join(', ')})`);
  const parts = supplied ? [`SELECT * FROM ${supplied.rows}`, ...derived] : derived;
  for (const part of parts) await lane.run(`INSERT INTO ${table} ${part}`);
  return { kind: 'candles', timeframe, rows: table, table, supplied: supplied?.sids };
}

interface SuppliedCandles {
  /** Canonical relation. */
  readonly rows: string;
  /** A temporary table with their sids. */
  readonly sids: string;
}

async function loadSupplied(
  connection: DuckConnection,
  spec: DaySpec,
  timeframe: StoredTimeframe,
): Promise<SuppliedCandles | undefined> {
  const rowsSql = spec.source.candles?.[timeframe];
  if (rowsSql === undefined) return undefined;
  await assertColumns(connection, 'candles', `(${rowsSql})`);
  const rows = canonicalRelation('candles', `(${rowsSql})`);
  const sids = `temp.main.tb_day_supplied_${timeframe}`;
  await connection.run(`CREATE OR REPLACE TEMP TABLE ${sids} AS SELECT DISTINCT sid FROM ${rows}`);
  return { rows, sids };
}
