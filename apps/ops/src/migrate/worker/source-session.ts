import type { FileEntry } from '@tb/history';
import { Calendars } from '@tb/manager/calendars';
import type { FileHash, Layout } from '@tb/schema';
import type { ClockBlock } from '../clock.ts';
import type { ExchangeMap } from '../exchange-of-key.ts';
import type { RawRow } from '../map/legacy-row.ts';
import { identifier, type SourceTable } from '../source-table.ts';
import { timeSql } from '../time-sql.ts';
import {
  type ArchiveJob,
  addArchivedRows,
  createArchivedRows,
  type WrittenArchive,
  writeArchive,
} from './archive.ts';
import { addKeys, addSessions, createCalendarTables } from './calendar-tables.ts';
import { clockBlocksOf } from './clock-blocks.ts';
import { type BuiltMarketDay, buildMarketDay, type DayJob } from './market-day.ts';
import {
  countFates,
  type FateCount,
  type MarketJob,
  type MarketStage,
  stageMarket,
} from './market-stage.ts';
import {
  compareWithPublished,
  type MarketDate,
  type MarketSymbol,
  marketDates,
  marketSymbols,
  missingInPublished,
} from './market-target.ts';
import type { OpenedSource } from './open-source.ts';
import { insertValues } from './query.ts';
import { RowCursor } from './read-rows.ts';
import { type RejectedRow, RejectedRows } from './rejected-rows.ts';
import {
  addRunRows,
  createRunTables,
  type RunFileJob,
  type RunRows,
  writeRunFile,
} from './run-files.ts';
import { numberedRelation, type Survey, surveySource } from './survey.ts';

/** Event times of a table that is no market data, by which its clock is told. */
export interface ClockJob {
  readonly table: SourceTable;
  /** Column of the instrument key; undefined where the table has none. */
  readonly key: string | undefined;
  readonly times: readonly string[];
  readonly exchanges: ExchangeMap;
}

/** Everything the parent can ask of the worker that holds the source open. */
export class SourceSession {
  readonly #source: OpenedSource;
  readonly #layout: Layout;
  readonly #calendars: Calendars;
  #cursor: RowCursor | RejectedRows | undefined;

  private constructor(source: OpenedSource, layout: Layout) {
    this.#source = source;
    this.#layout = layout;
    this.#calendars = new Calendars(layout);
  }

  static async open(source: OpenedSource, layout: Layout): Promise<SourceSession> {
    const { connection } = source;
    await createCalendarTables(connection);
    await createRunTables(connection);
    await createArchivedRows(connection);
    return new SourceSession(source, layout);
  }

  survey(): Promise<Survey> {
    return surveySource(this.#source.connection);
  }

  /** How the naive event times of a table lie in market hours, its time columns taken together. */
  async clockBlocks(job: ClockJob): Promise<ClockBlock[]> {
    const { connection } = this.#source;
    const { table, times } = job;
    const types = new Map(table.columns.map((column) => [column.name, column.type]));
    const key = job.key === undefined ? 'NULL::VARCHAR' : `${identifier(job.key)}::VARCHAR`;
    const timed = times
      .map(
        (name) =>
          `SELECT ${key} AS key, ${timeSql(identifier(name), types.get(name) ?? 'VARCHAR')} AS t FROM ${numberedRelation(table)} AS rows`,
      )
      .join(' UNION ALL ');
    await connection.run(
      `CREATE OR REPLACE TEMP TABLE tb_timed AS SELECT key, try_cast(substr(t, 3) AS BIGINT) AS ns FROM (${timed}) WHERE starts_with(t, 'n:')`,
    );
    await addKeys(connection, 'SELECT key FROM tb_timed', job.exchanges);
    await addSessions(connection, 'SELECT ns FROM tb_timed', (exchange) =>
      this.#calendars.of(exchange),
    );
    return await clockBlocksOf(
      connection,
      "SELECT key AS symbol, coalesce(key, '') AS grp, false AS daily, ns FROM tb_timed",
    );
  }

  stageMarket(job: MarketJob): Promise<MarketStage> {
    return stageMarket(this.#source.connection, job, (exchange) => this.#calendars.of(exchange));
  }

  countFates(): Promise<FateCount[]> {
    return countFates(this.#source.connection);
  }

  marketDates(): Promise<MarketDate[]> {
    return marketDates(this.#source.connection);
  }

  marketSymbols(): Promise<MarketSymbol[]> {
    return marketSymbols(this.#source.connection);
  }

  compareWithPublished(file: FileEntry): Promise<void> {
    return compareWithPublished(this.#source.connection, this.#layout, file);
  }

  async setSids(sids: readonly (readonly [keyId: number, sid: number])[]): Promise<void> {
    const { connection } = this.#source;
    await connection.run('DELETE FROM sids');
    await insertValues(
      connection,
      'sids',
      sids.map(([keyId, sid]) => `(${keyId}, ${sid})`),
    );
  }

  buildDay(job: DayJob): Promise<BuiltMarketDay> {
    return buildMarketDay(
      this.#source.connection,
      this.#layout,
      this.#calendars.of(job.exchange),
      job,
    );
  }

  missingInPublished(
    file: FileEntry,
  ): Promise<{ readonly rows: number; readonly missing: number }> {
    return missingInPublished(this.#source.connection, this.#layout, file);
  }

  /** Begins to read a table; `nextRows` goes on. One table at a time. */
  async openRows(job: {
    readonly table: SourceTable;
    readonly times: readonly string[];
  }): Promise<void> {
    this.#cursor = await RowCursor.open(this.#source.cursor, job.table, job.times);
  }

  /** Begins to read the quarantined rows of a market table. */
  async openRejected(job: {
    readonly table: SourceTable;
    readonly kind: 'candles' | 'ticks';
    readonly id: number;
  }): Promise<void> {
    this.#cursor = await RejectedRows.open(this.#source.cursor, job);
  }

  /** The next rows; none at the end. */
  async nextRows(): Promise<readonly (RawRow | RejectedRow)[]> {
    const rows = (await this.#cursor?.next()) ?? [];
    if (rows.length === 0) this.#cursor = undefined;
    return rows;
  }

  addRunRows(rows: RunRows): Promise<void> {
    return addRunRows(this.#source.connection, rows);
  }

  writeRunFile(job: RunFileJob): Promise<FileHash> {
    return writeRunFile(this.#source.connection, job);
  }

  addArchivedRows(job: {
    readonly label: string;
    readonly rowids: readonly bigint[];
  }): Promise<void> {
    return addArchivedRows(this.#source.connection, job.label, job.rowids);
  }

  writeArchive(job: ArchiveJob): Promise<WrittenArchive> {
    return writeArchive(this.#source.connection, job);
  }

  async close(): Promise<void> {
    this.#source.close();
  }
}

/** What the parent may call. */
export type SourceMethod = Exclude<
  {
    [K in keyof SourceSession]: SourceSession[K] extends (...args: never[]) => Promise<unknown>
      ? K
      : never;
  }[keyof SourceSession],
  never
>;
