/** One acceptance test of the specification, measured in this run. */
export interface Acceptance {
  readonly name: string;
  readonly isPassed: boolean;
  /** What was measured, for people. */
  readonly figure: string;
}
