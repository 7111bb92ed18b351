/** One figure. */
export interface BenchRow {
  readonly name: string;
  readonly value: number;
  /** `rows/s`, `ms`, `x`: goes with value and goal. */
  readonly unit: string;
  /** `>= 250000`, `<= 1.3`, `= 0`: compared with the value. Other text is only printed. */
  readonly goal?: string | number | undefined;
  readonly detail?: string | undefined;
}

/** `met`, `missed`, or nothing when the row has no goal that can be compared: a bare number does not say which way. */
export function verdictOf(row: BenchRow): 'met' | 'missed' | '' {
  const match = /^(>=|<=|>|<|=)\s*(-?[\d.,_]+(?:e\d+)?)/.exec(String(row.goal ?? ''));
  if (match === null) return '';
  const [, operator, digits = ''] = match;
  const goal = Number(digits.replaceAll(/[,_]/g, ''));
  const { value } = row;
  const isMet =
    (operator?.includes('=') === true && value === goal) ||
    (operator?.startsWith('>') === true && value > goal) ||
    (operator?.startsWith('<') === true && value < goal);
  return isMet ? 'met' : 'missed';
}
