import type { Layout } from '@tb/schema';
import type { ProfiledBuild } from './build.ts';
import { type DuckConnection, literal } from './duck.ts';
import type { GateSubject } from './gates/gate.ts';

/** A file that was built, and what from. */
export interface DayFile extends ProfiledBuild {
  /** Relation with the sids of supplied candles. */
  readonly supplied?: string | undefined;
}

/** The files of a trading date as they are built, attached read-only so that the next is made from them, and gates look. */
export class DaySubjects implements AsyncDisposable {
  readonly #connection: DuckConnection;
  readonly #layout: Layout;
  readonly #subjects: GateSubject[] = [];
  readonly #attached: string[] = [];

  constructor(connection: DuckConnection, layout: Layout) {
    this.#connection = connection;
    this.#layout = layout;
  }

  /** Ticks first, then candles by ascending timeframe. */
  get all(): readonly GateSubject[] {
    return this.#subjects;
  }

  /** @param timeframe '' for ticks. */
  find(timeframe: string): GateSubject | undefined {
    return this.#subjects.find((one) => one.key.timeframe === timeframe);
  }

  /** Attaches a built file. */
  async add({ file, source, target: targetProfile, supplied }: DayFile): Promise<void> {
    const catalog = `tb_day_file_${file.timeframe || 'ticks'}`;
    const path = literal(this.#layout.absolute(file.tempPath));
    await this.#connection.run(`ATTACH ${path} AS ${catalog} (TYPE duckdb, READ_ONLY)`);
    this.#attached.push(catalog);
    const target = `${catalog}.main.data`;
    const { exchange, kind, timeframe, tradingDate, revision } = file;
    const key = { exchange, kind, timeframe, tradingDate, revision };
    const profiles = { sourceProfile: source, targetProfile };
    this.#subjects.push({ key, ...profiles, target, catalog, supplied });
  }

  /** Detaches all, newest first. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const catalog of this.#attached.splice(0).reverse())
      await this.#connection.run(`DETACH ${catalog}`);
  }
}
