import type { DuckDBConnection } from '@duckdb/node-api';
import type { SessionCalendar } from '@tb/calendar';
import {
  type BuiltFile,
  buildDay,
  buildDayFile,
  deriveCandlesSql,
  discardFiles,
  type FileEntry,
  GATES,
  type GateResult,
  withAttached,
} from '@tb/history';
import { type Layout, STORED_TIMEFRAMES, type StoredTimeframe } from '@tb/schema';
import { OpsError } from '../../errors.ts';
import { literal } from '../source-table.ts';
import { rowOf } from './query.ts';

/** One date to build from the rows to move and, where it was published before, from the files of then. */
export interface DayJob {
  readonly exchange: string;
  readonly tradingDate: string;
  readonly revision: number;
  /** Newest revision of each kind and timeframe of the date that is published already. */
  readonly published: readonly FileEntry[];
  readonly symbols: ReadonlyMap<number, string>;
  readonly sourceFingerprint: string;
}

export interface BuiltMarketDay {
  readonly files: readonly BuiltFile[];
  /** What the gates found and did not refuse. */
  readonly findings: readonly GateResult[];
}

const VALUES = 'open, high, low, close, volume';
/** A monolith is what it is: holes and filled candles are told, never a reason to leave good rows behind. */
const EXPLAINED = GATES.filter((gate) => gate.isExplainable && gate.name !== 'sane_values').map(
  (gate) => ({
    gate: gate.name,
    reason: 'migrated as the legacy file has it',
  }),
);

/** Builds all files of a date that change, under temporary names. Publishes nothing. */
export async function buildMarketDay(
  connection: DuckDBConnection,
  layout: Layout,
  calendar: SessionCalendar,
  job: DayJob,
): Promise<BuiltMarketDay> {
  const session = calendar.sessionOf(job.tradingDate);
  if (!session) throw new Error(`Rows were placed on ${job.tradingDate}, which has no session`);
  const { published } = job;
  return await withAttached(connection, layout, published, async (relations) => {
    const publishedOf = (kind: 'ticks' | 'candles', timeframe: string): string | undefined => {
      const at = published.findIndex((file) => file.kind === kind && file.timeframe === timeframe);
      return at < 0 ? undefined : relations[at];
    };
    const source = await candleSource(connection, job, session, (timeframe) =>
      publishedOf('candles', timeframe),
    );
    const files: BuiltFile[] = [];
    let findings: readonly GateResult[] = [];
    try {
      // First, because it removes what a killed build of the date left, ticks too.
      if (Object.keys(source).length > 0) {
        const { revision, symbols, sourceFingerprint } = job;
        const result = await buildDay(connection, {
          revision,
          symbols,
          sourceFingerprint,
          layout,
          session,
          calendar,
          source: { candles: source },
          explained: EXPLAINED,
          expectations: 'flag',
        });
        findings = result.gates.filter((gate) => !gate.ok || gate.explanation !== undefined);
        if (!result.ok) throw gateError(job, result.gates);
        files.push(...result.files);
      }
      const ticks = await tickRows(connection, job, publishedOf('ticks', ''));
      if (ticks !== undefined)
        files.push(
          await buildDayFile(connection, {
            layout,
            key: {
              exchange: job.exchange,
              kind: 'ticks',
              timeframe: '',
              tradingDate: job.tradingDate,
              revision: job.revision,
            },
            rowsSql: ticks,
            symbols: job.symbols,
            sourceFingerprint: job.sourceFingerprint,
            originNs: session.open,
          }),
        );
      return { files, findings };
    } catch (error) {
      await discardFiles(layout, files);
      throw error;
    }
  });
}

function gateError(job: DayJob, gates: readonly GateResult[]): OpsError {
  const [first] = gates.filter((gate) => !gate.ok && gate.severity === 'refuse');
  return new OpsError(
    'GATE_FAILED',
    `${job.exchange} ${job.tradingDate} was not built: ${first?.gate} ${first?.symbol ?? ''} ${first?.observed}`,
  );
}

function dateCondition(job: DayJob): string {
  return `fate = 'moved' AND exchange = ${literal(job.exchange)} AND trading_date = ${literal(job.tradingDate)}`;
}

/**
 * Candles of each timeframe that changes. New ones join the published ones. A wider candle of a symbol that brings some,
 * but not all, of its wider candles is derived from its 1m candles, like those of symbols that bring none.
 */
async function candleSource(
  connection: DuckDBConnection,
  job: DayJob,
  session: { readonly open: bigint; readonly windowFrom: bigint },
  publishedOf: (timeframe: StoredTimeframe) => string | undefined,
): Promise<Partial<Record<StoredTimeframe, string>>> {
  const source: Partial<Record<StoredTimeframe, string>> = {};
  for (const timeframe of STORED_TIMEFRAMES)
    await connection.run(
      `CREATE OR REPLACE TEMP TABLE tb_new_${timeframe} AS SELECT sid, make_timestamp_ns(ts) AS ts, ${VALUES}
       FROM candle_fate JOIN sids USING (key_id)
       WHERE ${dateCondition(job)} AND NOT in_target AND timeframe = '${timeframe}'`,
    );
  const has = async (table: string): Promise<boolean> =>
    Number((await rowOf(connection, `SELECT count(*) AS n FROM ${table}`))['n']) > 0;
  const oldMinutes = publishedOf('1m');
  const hasNewMinutes = await has('tb_new_1m');
  const minutes = [
    `SELECT * FROM tb_new_1m`,
    ...(oldMinutes ? [`SELECT * FROM ${oldMinutes}`] : []),
  ].join(' UNION ALL ');
  if (hasNewMinutes) source['1m'] = minutes;
  for (const timeframe of STORED_TIMEFRAMES.filter((each) => each !== '1m')) {
    const published = publishedOf(timeframe);
    if (!(await has(`tb_new_${timeframe}`)) && !(hasNewMinutes && published)) continue;
    // Published candles of a symbol whose minutes change are no longer what its minutes give.
    const kept = published
      ? `SELECT * FROM ${published} WHERE sid NOT IN (SELECT sid FROM tb_new_1m)`
      : 'SELECT * FROM tb_new_1m WHERE false';
    const derived = deriveCandlesSql({
      from: `(${minutes}) AS minutes`,
      kind: 'candles',
      timeframe,
      session,
    });
    await connection.run(
      `CREATE OR REPLACE TEMP TABLE tb_day_source_${timeframe} AS
       WITH fresh AS (SELECT * FROM tb_new_${timeframe}),
         old AS (SELECT * FROM (${kept}) AS o ANTI JOIN fresh AS f ON f.sid = o.sid AND f.ts = o.ts),
         given AS (SELECT * FROM fresh UNION ALL SELECT * FROM old),
         made AS (SELECT * FROM (${derived}) AS d ANTI JOIN given AS g ON g.sid = d.sid AND g.ts = d.ts
           WHERE d.sid IN (SELECT sid FROM given))
       SELECT * FROM given UNION ALL SELECT * FROM made`,
    );
    source[timeframe] = `SELECT * FROM tb_day_source_${timeframe}`;
  }
  return source;
}

/** New ticks and published ones; undefined when no tick is new. */
async function tickRows(
  connection: DuckDBConnection,
  job: DayJob,
  published: string | undefined,
): Promise<string | undefined> {
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE tb_new_ticks AS SELECT sid, make_timestamp_ns(ts) AS ts, seq::BIGINT AS seq, price, volume, bid, ask
     FROM tick_fate JOIN sids USING (key_id) WHERE ${dateCondition(job)} AND NOT in_target`,
  );
  const { n } = await rowOf(connection, 'SELECT count(*) AS n FROM tb_new_ticks');
  if (Number(n) === 0) return undefined;
  return ['SELECT * FROM tb_new_ticks', ...(published ? [`SELECT * FROM ${published}`] : [])].join(
    ' UNION ALL ',
  );
}
