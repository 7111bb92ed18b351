/** Numbers from `from` to `to`, both included. */
interface Run {
  readonly from: bigint;
  to: bigint;
}

/** A feed whose numbers have gaps needs a run for each: 16,384 of them take about 1 MB. */
const MAX_RUNS = 16_384;

/**
 * A set of numbers, kept as runs without gaps. Above a limit the highest runs become one, gaps included: the set then holds
 * more numbers than were added, and never fewer.
 */
export class NumberRuns {
  #runs: Run[] = [];
  readonly #maxRuns: number;

  constructor(maxRuns: number = MAX_RUNS) {
    this.#maxRuns = maxRuns;
  }

  /** undefined when there is none. */
  get lowest(): bigint | undefined {
    return this.#runs[0]?.from;
  }

  /** @param numbers Rising; equal neighbours are allowed. @param start Index of the first that is added. */
  add(numbers: BigInt64Array, start: number): void {
    const added: Run[] = [];
    for (let i = start; i < numbers.length; i++)
      join(added, { from: numbers[i]!, to: numbers[i]! });
    if (added.length === 0) return;
    const last = this.#runs.at(-1);
    if (last === undefined || last.from <= added[0]!.from)
      for (const run of added) join(this.#runs, run);
    else this.#merge(added);
    this.#limit();
  }

  /** Takes out every number up to this one. */
  removeThrough(number: bigint): void {
    const kept = this.#runs.findIndex(({ to }) => to > number);
    this.#runs = kept < 0 ? [] : this.#runs.slice(kept);
    const first = this.#runs[0];
    if (first !== undefined && first.from <= number)
      this.#runs[0] = { from: number + 1n, to: first.to };
  }

  #merge(added: readonly Run[]): void {
    const all = [...this.#runs, ...added].sort((a, b) => (a.from < b.from ? -1 : 1));
    this.#runs = [];
    for (const run of all) join(this.#runs, run);
  }

  #limit(): void {
    if (this.#runs.length <= this.#maxRuns) return;
    const { to } = this.#runs.at(-1)!;
    this.#runs.length = this.#maxRuns;
    this.#runs.at(-1)!.to = to;
  }
}

/** Appends a run that begins at or after the last one's begin, into it where they touch. */
function join(runs: Run[], run: Run): void {
  const last = runs.at(-1);
  if (last === undefined || run.from > last.to + 1n) runs.push(run);
  else if (run.to > last.to) last.to = run.to;
}
