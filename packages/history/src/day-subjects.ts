import type { Session } from '@tb/calendar';
import type { Layout } from '@tb/schema';
import type { ProfiledBuild } from './build.ts';
import { type DerivePlan, type DeriveSource, planDerivation } from './derive-slices.ts';
import { type DuckConnection, literal } from './duck.ts';
import type { GateSubject } from './gates/gate.ts';

/** A file that was built, and what from. */
export interface DayFile extends ProfiledBuild {
  /** Relation with the sids of supplied candles. */
  readonly supplied?: string | undefined;
}

/** What a day is built for: a `DaySpec` fits. */
export interface SubjectOptions {
  readonly layout: Layout;
  readonly session: Pick<Session, 'open'>;
  readonly sliceRows?: number | undefined;
}

/** One that knows how candles are derived from it: asked for once, by the build and by gates. */
export interface PlannedSubject extends GateSubject {
  readonly plan: () => Promise<DerivePlan>;
}

/** The files of a trading date as they are built, attached read-only so that the next is made from them, and gates look. */
export class DaySubjects implements AsyncDisposable {
  readonly #connection: DuckConnection;
  readonly #options: SubjectOptions;
  readonly #subjects: PlannedSubject[] = [];
  readonly #attached: string[] = [];

  constructor(connection: DuckConnection, options: SubjectOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /** Ticks first, then candles by ascending timeframe. */
  get all(): readonly GateSubject[] {
    return this.#subjects;
  }

  /** @param timeframe '' for ticks. */
  find(timeframe: string): PlannedSubject | undefined {
    return this.#subjects.find((one) => one.key.timeframe === timeframe);
  }

  /** Attaches a built file. */
  async add({ file, source, target: targetProfile, supplied }: DayFile): Promise<void> {
    const catalog = `tb_day_file_${file.timeframe || 'ticks'}`;
    const path = literal(this.#options.layout.absolute(file.tempPath));
    await this.#connection.run(`ATTACH ${path} AS ${catalog} (TYPE duckdb, READ_ONLY)`);
    this.#attached.push(catalog);
    const target = `${catalog}.main.data`;
    const { exchange, kind, timeframe, tradingDate, revision } = file;
    const key = { exchange, kind, timeframe, tradingDate, revision };
    const profiles = { sourceProfile: source, targetProfile };
    let planned: Promise<DerivePlan> | undefined;
    const plan = (): Promise<DerivePlan> => {
      planned ??= this.#planOf({ kind, table: target, profile: targetProfile });
      return planned;
    };
    this.#subjects.push({ key, ...profiles, target, catalog, plan, supplied });
  }

  #planOf(source: Pick<DeriveSource, 'kind' | 'table' | 'profile'>): Promise<DerivePlan> {
    const { session, sliceRows } = this.#options;
    return planDerivation(this.#connection, { ...source, originNs: session.open, sliceRows });
  }

  /** Detaches all, newest first. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const catalog of this.#attached.splice(0).reverse())
      await this.#connection.run(`DETACH ${catalog}`);
  }
}
