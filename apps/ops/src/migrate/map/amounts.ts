import { parseDecimal, sign } from '@tb/manager';
import { decimalText } from '../decimal-text.ts';
import type { LegacyRow } from './legacy-row.ts';
import { RowProblem } from './row-problem.ts';
import { sideOfText } from './side-of-text.ts';

/** Exact money: the text of a DECIMAL or the shortest text of a DOUBLE, never a float on the way. */
export function needAmount<Role extends string>(
  row: LegacyRow<Role>,
  role: Role,
  label: 'price' | 'quantity',
): string {
  const text = row.filled(role);
  const missing = label === 'price' ? 'price_missing' : 'quantity_missing';
  if (text === undefined) throw new RowProblem(missing);
  if (!Number.isFinite(Number(text)))
    throw new RowProblem(label === 'price' && /nan|inf/i.test(text) ? 'price_not_finite' : missing);
  const amount = decimalText(text);
  if (amount === undefined) throw new RowProblem('amount_not_exact');
  if (sign(parseDecimal(amount, 'An amount')) <= 0)
    throw new RowProblem(label === 'price' ? 'price_not_positive' : 'quantity_not_positive');
  return amount;
}

/** A fee may be absent (0) or negative (a rebate). */
export function feeOf<Role extends string>(row: LegacyRow<Role>, role: Role): string {
  const text = row.filled(role);
  if (text === undefined) return '0';
  const fee = decimalText(text);
  if (fee === undefined) throw new RowProblem('amount_not_exact');
  return fee;
}

/** The side in any of its words. */
export function needSide<Role extends string>(row: LegacyRow<Role>, role: Role): 'buy' | 'sell' {
  const side = sideOfText(row.text(role));
  if (side === undefined) throw new RowProblem('side_unknown');
  return side;
}
