/** The last `size` values. Mean and deviation are summed afresh, so that no rounding error builds up over a year. */
export class RollingWindow {
  readonly #values: Float64Array;
  #count = 0;

  constructor(size: number) {
    this.#values = new Float64Array(size);
  }

  get isFull(): boolean {
    return this.#count >= this.#values.length;
  }

  push(value: number): void {
    this.#values[this.#count % this.#values.length] = value;
    this.#count += 1;
  }

  /** Of a full window. */
  mean(): number {
    let sum = 0;
    for (const value of this.#values) sum += value;
    return sum / this.#values.length;
  }

  /** Of the population (ddof 0), of a full window. */
  deviation(): number {
    const mean = this.mean();
    let sum = 0;
    for (const value of this.#values) sum += (value - mean) ** 2;
    return Math.sqrt(sum / this.#values.length);
  }
}
