/** One figure. */
export interface BenchRow {
  readonly name: string;
  readonly value: number;
  /** `rows/s`, `ms`, `x`: goes with value and goal. */
  readonly unit: string;
  /** `>= 250000`, `<= 1.3`: compared with the value. Other text is only printed. */
  readonly goal?: string | number | undefined;
  readonly detail?: string | undefined;
}

/** `met`, `missed`, or nothing when the row has no goal that can be compared. */
export function verdictOf(row: BenchRow): 'met' | 'missed' | '' {
  const match = /^(>=|<=|>|<|=)?\s*(-?[\d.,_]+(?:e\d+)?)/.exec(String(row.goal ?? ''));
  if (match === null) return '';
  const goal = Number((match[2] as string).replaceAll(/[,_]/g, ''));
  const met = {
    '>=': row.value >= goal,
    '<=': row.value <= goal,
    '>': row.value > goal,
    '<': row.value < goal,
    '=': row.value === goal,
  }[match[1] ?? '>='];
  return met === true ? 'met' : 'missed';
}
