import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Contender, freePort, startContender } from './contender-process.ts';
import { analyse, type IntervalAnalysis, readLog } from './interval-log.ts';

export interface RaceOptions {
  /** A child script that calls `contend`. */
  readonly script: URL;
  /** An empty folder for the rounds and the log. */
  readonly root: string;
  readonly rounds: number;
  /** Default 20. */
  readonly contenders?: number;
  readonly seed: number;
  /** Makes the place that looks abandoned: a stale record, an old directory. */
  readonly forge: (dir: string, round: number) => void;
}

export interface RaceResult {
  readonly rounds: number;
  /** Rounds with more than one winner, as `round: winners`. */
  readonly doubles: readonly string[];
  /** Rounds that nobody won. */
  readonly empty: readonly number[];
  readonly errors: readonly string[];
  readonly analysis: IntervalAnalysis;
}

const ROUND_MS = 20_000;

/**
 * Processes that all start at one instant on a place that looks abandoned, round after round. Exactly one may win each;
 * it holds until everyone has answered, so that two winners are two holders.
 */
export async function runRaces(options: RaceOptions): Promise<RaceResult> {
  const log = join(options.root, 'race.log');
  const port = await freePort();
  const config = {
    mode: 'race',
    dir: '',
    log,
    port,
    worker: false,
    killShare: 0,
    stopShare: 0,
  } as const;
  const racers = Array.from({ length: options.contenders ?? 20 }, (_, index) =>
    startContender(options.script, { ...config, seed: options.seed + index }),
  );
  const doubles: string[] = [];
  const empty: number[] = [];
  const errors: string[] = [];
  try {
    const table = new RoundTable(racers);
    await table.ready();
    for (let round = 0; round < options.rounds; round++) {
      const dir = join(options.root, `round-${round}`);
      mkdirSync(dir);
      options.forge(dir, round);
      const { winners, failed } = await table.play(round, dir);
      if (winners > 1) doubles.push(`${round}: ${winners}`);
      if (winners === 0) empty.push(round);
      errors.push(...failed.map((text) => `round ${round}: ${text}`));
    }
  } finally {
    for (const racer of racers) racer.child.kill('SIGKILL');
    await Promise.all(racers.map((racer) => racer.ended));
    for (const racer of racers) if (racer.stderr() !== '') errors.push(racer.stderr());
  }
  const analysis = analyse(readLog(log), new Map(), process.hrtime.bigint());
  return { rounds: options.rounds, doubles, empty, errors, analysis };
}

/** The parent's side of the protocol: go, answers of all, done, releases of the winners. */
class RoundTable {
  readonly #racers: readonly Contender[];
  #heard: (index: number, message: Record<string, unknown>) => void = () => {};

  constructor(racers: readonly Contender[]) {
    this.#racers = racers;
    racers.forEach((racer, index) => {
      racer.onMessage((message) => this.#heard(index, message));
    });
  }

  ready(): Promise<void> {
    return this.#collect(this.#racers.length, (message) => message['ready'] === true);
  }

  async play(round: number, dir: string): Promise<{ winners: number; failed: string[] }> {
    let winners = 0;
    const failed: string[] = [];
    const answers = this.#collect(this.#racers.length, (message) => {
      if (message['won'] === true) winners += 1;
      if (typeof message['error'] === 'string') failed.push(message['error']);
      return message['round'] === round;
    });
    const atNs = String(process.hrtime.bigint() + 5_000_000n);
    for (const racer of this.#racers) racer.send({ round, dir, atNs });
    await answers;
    const released = this.#collect(winners, (message) => {
      if (typeof message['error'] === 'string') failed.push(message['error']);
      return message['released'] === true || message['error'] !== undefined;
    });
    for (const racer of this.#racers) racer.send({ done: true });
    await released;
    return { winners, failed };
  }

  /** Resolves when `count` messages were accepted. */
  #collect(count: number, accept: (message: Record<string, unknown>) => boolean): Promise<void> {
    if (count === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      let left = count;
      const timer = setTimeout(
        () => reject(new Error(`${left} of ${count} contenders did not answer in ${ROUND_MS} ms`)),
        ROUND_MS,
      );
      this.#heard = (_index, message) => {
        if (!accept(message)) return;
        left -= 1;
        if (left > 0) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
