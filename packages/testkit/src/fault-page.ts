import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FaultPoint, SHIM_MODES } from './fault-mode.ts';
import type { FaultRun, StorageCall } from './fault-run.ts';
import type { Outcome } from './process-group.ts';
import type { TempRoot } from './temp-root.ts';

/** 64-bit fields of `struct page` in shim/page.c, in their order. */
const FIELDS = [
  'calls',
  'eligible',
  'firedAt',
  'fired',
  'unsupported',
  'processes',
  'mode',
  'n',
  'seed',
  'clockJump',
] as const;
const FIELD_BYTES = 8;

/** The page that the shim shares with this process, its log, and its recording, in a folder outside the watched one. */
export class FaultPage {
  readonly state: string;
  readonly log: string;
  readonly record: string;
  readonly #folder: string;

  constructor(folder: TempRoot) {
    this.#folder = folder.path;
    this.state = folder.at('page');
    this.log = folder.at('log');
    this.record = folder.at('record');
    writeFileSync(this.state, Buffer.alloc(4096));
    writeFileSync(this.log, '');
    writeFileSync(this.record, '');
  }

  /** Gives processes that live on the next fault, and counts from 0. None of them may be at work. */
  arm(point: FaultPoint): void {
    truncateSync(this.log);
    for (const name of readdirSync(this.#folder))
      if (name.startsWith('page.undo')) rmSync(join(this.#folder, name));
    const bytes = Buffer.alloc(FIELDS.length * FIELD_BYTES);
    const set = (name: (typeof FIELDS)[number], value: number): void => {
      bytes.writeBigUInt64LE(BigInt(value), FIELDS.indexOf(name) * FIELD_BYTES);
    };
    set('processes', 1);
    set('mode', SHIM_MODES.indexOf(point.mode) + 1);
    set('n', point.at);
    set('seed', point.seed);
    writeFileSync(this.state, bytes, { flag: 'r+' });
  }

  /** What the shim noted about one run. @throws Error when no process loaded it: then nothing was tested. */
  runOf(outcome: Outcome, point: FaultPoint, root: string): FaultRun {
    const page = readFileSync(this.state);
    const field = (name: (typeof FIELDS)[number]): number =>
      Number(page.readBigUInt64LE(FIELDS.indexOf(name) * FIELD_BYTES));
    if (field('processes') === 0)
      throw new Error(`The fault shim was not loaded: ${outcome.stderr}`);
    const calls = parseLog(readFileSync(this.log, 'utf8'), root);
    return {
      ...outcome,
      point,
      calls,
      eligible: field('eligible'),
      fired: field('fired'),
      firedAt: calls.find(({ number }) => number === field('firedAt')),
      unsupported: field('unsupported'),
      recording: readFileSync(this.record),
    };
  }
}

function parseLog(text: string, root: string): StorageCall[] {
  const relative = (path: string): string =>
    path.startsWith(root) ? path.slice(root.length + 1) || '.' : path;
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [number, eligible, name = '', path = '', path2 = '', size, pid, tid] = line.split('\t');
      return {
        number: Number(number),
        eligible: Number(eligible),
        name,
        path: relative(path),
        path2: relative(path2),
        size: Number(size),
        pid: Number(pid),
        tid: Number(tid),
      };
    })
    .sort((a, b) => a.number - b.number);
}
