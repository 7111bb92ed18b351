import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Random, random } from '@tb/simulator';
import { FAMILIES, type Family } from './file-families.ts';
import { filesOf } from './litter.ts';
import { MUTATIONS, mutate } from './mutate.ts';
import { openCopy } from './oracle/open-copy.ts';
import { dataRoot } from './scenarios/tb.ts';
import { tempRoot } from './temp-root.ts';
import { type Judge, judgeProcess, type Verdict } from './verdict.ts';

/** What became of the damaged files of one family. */
export interface FamilyResult {
  readonly family: string;
  readonly isSealed: boolean;
  readonly files: number;
  /** By a typed error, or a verdict that names the damage. */
  readonly rejected: number;
  readonly right: number;
  /** Answered with other rows, and `tb health --full` finds fault with the root. */
  readonly foundByHealth: number;
  /** Answered with other rows, and nothing sees it: no checksum covers those bytes. */
  readonly unseen: number;
  readonly codes: Readonly<Record<string, number>>;
  readonly violations: readonly {
    readonly path: string;
    readonly mutation: string;
    readonly index: number;
    readonly problem: string;
  }[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const script = fileURLToPath(new URL('./scenarios/children/judge-files.mjs', import.meta.url));
const WAYS: readonly string[] = [...MUTATIONS.map(({ name }) => name), 'missing'];
const PATIENCE_MS = 60_000;

/** The file itself, and what SQLite keeps beside one; of a log the database too. */
function withCompanions(path: string): string[] {
  const database = path.replace(/-wal$/, '');
  return ['', '-wal', '-shm', '-journal'].map((suffix) => database + suffix);
}

/** Those that readers use: the hot copy of an archived file stays for a while, and is not one of them. */
function publishedPaths(root: string): Set<string> {
  using copy = openCopy(join(root, 'market_data/manifest.db'));
  const sql = 'SELECT path FROM files UNION SELECT path FROM months';
  return new Set(copy.db.prepare(sql).pluck().all() as string[]);
}

/** One root, its files of one family as they were, and the answer that the whole root gives. */
class Bench {
  readonly #root: string;
  readonly #judge: Judge;
  readonly #family: Family;
  readonly #originals: ReadonlyMap<string, Buffer>;
  readonly #companions = new Map<string, Buffer>();
  #right = '';
  #health = '';
  #starts = 0;

  constructor(root: string, judge: Judge, family: Family) {
    this.#root = root;
    this.#judge = judge;
    this.#family = family;
    const listed = family.kind === 'published' ? publishedPaths(root) : undefined;
    const paths = filesOf(root).filter(
      (path) => family.pattern.test(path) && listed?.has(path) !== false,
    );
    if (paths.length === 0) throw new Error(`No file of the root is one of the ${family.name}`);
    this.#originals = new Map(paths.map((path) => [path, readFileSync(join(root, path))]));
    for (const path of paths.flatMap(withCompanions))
      if (existsSync(join(root, path))) this.#companions.set(path, readFileSync(join(root, path)));
  }

  async open(): Promise<void> {
    const [path] = this.#originals.keys();
    const first = await this.#ask(path as string);
    if (first.kind !== 'answered')
      throw new Error(
        `The undamaged ${this.#family.name} are not answered: ${JSON.stringify(first)}`,
      );
    this.#right = JSON.stringify(first.value);
  }

  /** Waits longer when a new process has to load the engines first, and when the machine was slow and not the reader. */
  async #ask(path: string): Promise<Verdict> {
    const question = { kind: this.#family.kind, root: this.#root, path };
    const isWarm = this.#judge.starts === this.#starts && this.#starts > 0;
    const verdict = await this.#judge.ask(question, isWarm ? 5000 : PATIENCE_MS);
    this.#starts = verdict.kind === 'hung' || verdict.kind === 'crashed' ? 0 : this.#judge.starts;
    return verdict.kind === 'hung' && isWarm ? this.#judge.ask(question, PATIENCE_MS) : verdict;
  }

  async #healthVerdict(): Promise<string> {
    return JSON.stringify(await this.#judge.ask({ kind: 'health', root: this.#root }, PATIENCE_MS));
  }

  #damage(rng: Random, index: number): { path: string; way: string } | undefined {
    const paths = [...this.#originals.keys()];
    const [path, way] = [rng.pick(paths), rng.pick(WAYS)];
    const bytes = this.#originals.get(path) as Buffer;
    const mutation = MUTATIONS.find(({ name }) => name === way);
    const other = this.#originals.get(rng.pick(paths));
    const damaged = mutation && mutate(mutation, bytes, rng.fork(String(index)), { other });
    if (mutation !== undefined && damaged === undefined) return undefined;
    rmSync(join(this.#root, path));
    if (damaged !== undefined) writeFileSync(join(this.#root, path), damaged);
    return { path, way };
  }

  /** The file and the logs beside it as they were: reading may have made some, or taken some in. */
  #putBack(path: string): void {
    for (const one of withCompanions(path)) {
      const bytes = this.#companions.get(one);
      rmSync(join(this.#root, one), { force: true });
      if (bytes !== undefined) writeFileSync(join(this.#root, one), bytes);
    }
  }

  async #judgeOne(
    path: string,
    way: string,
    index: number,
    into: Mutable<FamilyResult>,
  ): Promise<void> {
    const verdict = await this.#ask(path);
    const blame = (problem: string): void =>
      void (into.violations as FamilyResult['violations'][number][]).push({
        path,
        mutation: way,
        index,
        problem,
      });
    if (verdict.kind === 'crashed') blame(`the process died: ${verdict.end}`);
    else if (verdict.kind === 'hung') blame('no answer in 5 s');
    else if (verdict.kind === 'rejected') {
      if (verdict.code === 'UNTYPED') blame(`an error without a code: ${verdict.message}`);
      else into.rejected += 1;
      (into.codes as Record<string, number>)[verdict.code] = (into.codes[verdict.code] ?? 0) + 1;
    } else if (JSON.stringify(verdict.value) === this.#right) into.right += 1;
    else if (this.#family.isSealed) blame('a wrong answer');
    else if ((await this.#healthVerdict()) !== this.#health) into.foundByHealth += 1;
    else into.unseen += 1;
  }

  async run(count: number, seed: number, signal: AbortSignal | undefined): Promise<FamilyResult> {
    const { name: family, isSealed } = this.#family;
    const into: Mutable<FamilyResult> = {
      ...{ family, isSealed, files: 0, rejected: 0, right: 0, foundByHealth: 0, unseen: 0 },
      ...{ codes: {}, violations: [] },
    };
    if (!isSealed) this.#health = await this.#healthVerdict();
    const rng = random(`${seed}:${family}`);
    for (let index = 0; into.files < count && signal?.aborted !== true; index += 1) {
      const damage = this.#damage(rng, index);
      if (damage === undefined) continue;
      await this.#judgeOne(damage.path, damage.way, index, into);
      this.#putBack(damage.path);
      into.files += 1;
    }
    return into;
  }
}

/** How the files are damaged. */
export interface FileCampaignOptions {
  /** Names of families; all by default. */
  readonly only?: readonly string[];
  /** Ends the campaign after the file that is asked about. */
  readonly signal?: AbortSignal;
  /** Called after each family, and with what there is of one that was ended. */
  readonly onFamily?: (result: FamilyResult) => void;
}

function familiesNamed(only: readonly string[] | undefined): readonly Family[] {
  const unknown = only?.find((wanted) => !FAMILIES.some(({ name }) => name === wanted));
  if (unknown !== undefined)
    throw new RangeError(
      `No family ${unknown}; there are: ${FAMILIES.map(({ name }) => name).join(', ')}`,
    );
  return FAMILIES.filter(({ name }) => only?.includes(name) !== false);
}

/**
 * Damages files of every family, one at a time, and lets the packages read them in a child process.
 *
 * @param count For each family that has checksums, a twentieth of it for the others, which take longer.
 * @throws Error when an undamaged root is not answered: nothing could be concluded. RangeError for an unknown family.
 */
export async function runFiles(
  count: number,
  seed: number,
  { only, signal, onFamily }: FileCampaignOptions = {},
): Promise<FamilyResult[]> {
  using folder = tempRoot('files');
  const out: FamilyResult[] = [];
  for (const family of familiesNamed(only)) {
    if (signal?.aborted === true) break;
    const root = folder.at(family.make.name);
    if (!existsSync(root)) {
      mkdirSync(root);
      await family.make(root);
    }
    await using judge = judgeProcess([process.execPath, script]);
    const bench = new Bench(dataRoot(root), judge, family);
    await bench.open();
    const result = await bench.run(family.isSealed ? count : Math.ceil(count / 20), seed, signal);
    onFamily?.(result);
    out.push(result);
  }
  return out;
}
