import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Random, random } from '@tb/simulator';
import { type Contender, freePort, startContender } from './contender-process.ts';
import { analyse, type IntervalAnalysis, readLog } from './interval-log.ts';

export interface SoakOptions {
  readonly script: URL;
  /** An empty folder; the contested one is `place` below it. */
  readonly root: string;
  readonly seed: number;
  /** Ends after so many holds, kills and stops, or after `minutes`, whichever is first. */
  readonly holds: number;
  /** Default 0. */
  readonly kills?: number;
  /** Default 0. */
  readonly stops?: number;
  readonly minutes: number;
  /** Default 12, of which 8 beat on a worker thread. */
  readonly contenders?: number;
  readonly workers?: number;
  /** Longest stop, default 250. */
  readonly stopMs?: number;
  /** Called about once a second with the holds so far. */
  readonly onProgress?: (holds: number) => void;
}

export interface SoakResult {
  readonly place: string;
  readonly holds: number;
  readonly kills: number;
  readonly stops: number;
  /** Of these, how many hit a process while it held the lock. */
  readonly killsOfHolders: number;
  readonly stopsOfHolders: number;
  /** Holds that ended because the lock was lost, as told by the holder. */
  readonly lost: readonly string[];
  /** Contenders that ended by themselves, with their stderr: none may. */
  readonly crashes: readonly string[];
  readonly analysis: IntervalAnalysis;
}

/** Every so often one contender, in whatever state, is killed or stopped. */
const FAULT_EVERY_MS = 150;
const LOOK_EVERY = 7;
const KILL = 0.25;
const STOP = 0.35;
const KILL_WHILE_STOPPED = 0.15;
/** Of grants: the holder does it to itself. */
const SELF_SHARE = 0.07;

/** Contenders that take a lock again and again while they are killed and stopped; every hold is witnessed. */
export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const soak = new Soak(options, await freePort());
  return soak.run();
}

class Soak {
  readonly #options: SoakOptions;
  readonly #rng: Random;
  readonly #place: string;
  readonly #log: string;
  readonly #port: number;
  readonly #kills = new Map<number, bigint>();
  readonly #stops: { pid: number; at: bigint }[] = [];
  readonly #crashes: string[] = [];
  readonly #pending = new Set<Promise<void>>();
  #contenders: Contender[] = [];
  #started = 0;
  #ending = false;

  constructor(options: SoakOptions, port: number) {
    this.#options = options;
    this.#port = port;
    this.#rng = random(options.seed);
    this.#place = join(options.root, 'place');
    this.#log = join(options.root, 'soak.log');
    mkdirSync(this.#place);
    writeFileSync(this.#log, '');
  }

  async run(): Promise<SoakResult> {
    const { minutes, contenders = 12 } = this.#options;
    const end = performance.now() + minutes * 60_000;
    try {
      for (let slot = 0; slot < contenders; slot++) this.#start(slot);
      for (let beat = 0; performance.now() < end; beat++) {
        await sleep(FAULT_EVERY_MS);
        this.#fault();
        if (beat % LOOK_EVERY === 0 && this.#isEnough()) break;
      }
    } finally {
      await this.#end();
    }
    return this.#result();
  }

  #isEnough(): boolean {
    const { holds, kills = 0, stops = 0, onProgress } = this.#options;
    const log = readLog(this.#log);
    const count = (kind: string): number => log.filter((line) => line.kind === kind).length;
    const seen = count('enter');
    onProgress?.(seen);
    return (
      seen >= holds &&
      this.#kills.size + count('dying') >= kills &&
      this.#stops.length + count('stopping') >= stops
    );
  }

  #start(slot: number): void {
    const { script, seed, workers = 8 } = this.#options;
    const contender = startContender(script, {
      mode: 'soak',
      dir: this.#place,
      log: this.#log,
      port: this.#port,
      seed: seed + this.#started++,
      worker: slot < workers,
      killShare: SELF_SHARE,
      stopShare: SELF_SHARE,
    });
    this.#contenders[slot] = contender;
    this.#watchSelfStop(contender);
    void contender.ended.then(() => {
      if (contender.child.signalCode !== 'SIGKILL' && !this.#ending)
        this.#crashes.push(`exit ${contender.child.exitCode}: ${contender.stderr()}`);
      if (!this.#ending) this.#start(slot);
    });
  }

  /** A contender that stops itself says so before, and relies on being continued. */
  #watchSelfStop(contender: Contender): void {
    contender.onMessage(() => {
      const stopMs = this.#rng.between(10, this.#options.stopMs ?? 250);
      this.#track(sleep(stopMs).then(() => void contender.child.kill('SIGCONT')));
    });
  }

  #fault(): void {
    const contender = this.#rng.pick(this.#contenders);
    const dice = this.#rng.next();
    const stopMs = this.#rng.between(10, this.#options.stopMs ?? 250);
    const dies = this.#rng.chance(KILL_WHILE_STOPPED);
    if (!contender.isAlive()) return;
    if (dice < KILL) this.#kill(contender);
    else if (dice < KILL + STOP) this.#track(this.#stop(contender, stopMs, dies));
  }

  #kill(contender: Contender): void {
    // Before the signal: afterwards it may already be somebody else's turn.
    if (!this.#kills.has(contender.pid)) this.#kills.set(contender.pid, process.hrtime.bigint());
    contender.child.kill('SIGKILL');
  }

  async #stop(contender: Contender, stopMs: number, dies: boolean): Promise<void> {
    this.#stops.push({ pid: contender.pid, at: process.hrtime.bigint() });
    contender.child.kill('SIGSTOP');
    await sleep(stopMs);
    if (!contender.isAlive()) return;
    if (dies) this.#kill(contender);
    else contender.child.kill('SIGCONT');
  }

  #track(work: Promise<void>): void {
    this.#pending.add(work);
    void work.finally(() => this.#pending.delete(work));
  }

  /** Lets everyone finish its hold, so that the last intervals are whole. */
  async #end(): Promise<void> {
    this.#ending = true;
    await Promise.all(this.#pending);
    for (const contender of this.#contenders) contender.child.stdin.end();
    const patience = setTimeout(() => {
      for (const contender of this.#contenders) this.#kill(contender);
    }, 5_000);
    await Promise.all(this.#contenders.map((contender) => contender.ended));
    clearTimeout(patience);
  }

  #result(): SoakResult {
    const log = readLog(this.#log);
    const analysis = analyse(log, this.#kills, process.hrtime.bigint());
    const selfKills = log.filter((line) => line.kind === 'dying').length;
    const selfStops = log.filter((line) => line.kind === 'stopping').length;
    const during = (pid: number, at: bigint): boolean =>
      analysis.intervals.some((hold) => hold.pid === pid && hold.from <= at && at <= hold.to);
    return {
      place: this.#place,
      holds: analysis.intervals.length,
      kills: this.#kills.size + selfKills,
      stops: this.#stops.length + selfStops,
      killsOfHolders: selfKills + [...this.#kills].filter(([pid, at]) => during(pid, at)).length,
      stopsOfHolders: selfStops + this.#stops.filter(({ pid, at }) => during(pid, at)).length,
      lost: log.filter((line) => line.kind === 'lost').map((line) => line.error ?? ''),
      crashes: this.#crashes,
      analysis,
    };
  }
}
