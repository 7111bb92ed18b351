import { assertSymbol, isTradingDate } from '@tb/schema';
import type { CellRow, WantedColumn } from '../input/cell-row.ts';
import { timeParser } from '../input/time-parser.ts';
import type { ActionRecord } from './action-record.ts';

/** Columns of an input, in the order of the cells. */
export const ACTION_COLUMNS: readonly WantedColumn[] = [
  { name: 'kind', isRequired: true },
  { name: 'symbol', isRequired: true },
  { name: 'date', isRequired: true },
  { name: 'factor', isRequired: false },
  { name: 'new_symbol', isRequired: false },
  { name: 'known_at', isRequired: false },
];

/** A row as a record, or why it is none: `code: detail`. */
export type CheckedRow = ActionRecord | { readonly reason: string };

const FRACTION = /^(\d+(?:\.\d+)?)\s*\/\s*(\d+(?:\.\d+)?)$/;
const NUMBER = /^\d*\.?\d+(?:e[+-]?\d+)?$/i;

/** @param knownAt Of rows that do not say it, ns UTC. @param now Nothing can have been known later, ns UTC. */
export function checkRow({ cells, broken }: CellRow, knownAt: bigint, now: bigint): CheckedRow {
  if (broken !== undefined) return { reason: broken };
  const [kind, symbol, date, factor, newSymbol, known] = cells.map(textOf);
  if (kind !== 'split' && kind !== 'dividend' && kind !== 'rename')
    return { reason: `bad_kind: ${shown(kind)} is not split, dividend or rename` };
  if (!isSymbol(symbol)) return { reason: `bad_symbol: ${shown(symbol)}` };
  if (date === undefined || !isTradingDate(date)) return { reason: `bad_date: ${shown(date)}` };
  const at = known === undefined ? knownAt : knownTime(known);
  if (at === undefined) return { reason: `bad_known_at: ${shown(known)} is no time with a zone` };
  if (at > now) return { reason: `bad_known_at: ${shown(known)} lies in the future` };
  if (kind !== 'rename') {
    const value = factorOf(factor);
    if (value === undefined) return { reason: `bad_factor: ${shown(factor)} is not above 0` };
    return { kind, symbol, date, value, knownAt: at };
  }
  if (!isSymbol(newSymbol)) return { reason: `bad_new_symbol: ${shown(newSymbol)}` };
  return { kind, symbol, date, value: newSymbol, knownAt: at };
}

type Text = string | undefined;

/** Absent and empty cells are the same. */
function textOf(cell: unknown): Text {
  const text = cell === undefined || cell === null ? '' : String(cell).trim();
  return text === '' ? undefined : text;
}

function shown(text: Text): string {
  return text === undefined ? 'an empty cell' : JSON.stringify(text.slice(0, 60));
}

function isSymbol(text: Text): text is string {
  try {
    assertSymbol(text);
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'BAD_NAME') throw error;
    return false;
  }
}

/** A number, or a fraction as splits are told: 7 new shares for 1 are `1/7`. */
function factorOf(text: Text): number | undefined {
  const parts = FRACTION.exec(text ?? '');
  const value = parts
    ? Number(parts[1]) / Number(parts[2])
    : NUMBER.test(text ?? '')
      ? Number(text)
      : Number.NaN;
  return Number.isFinite(value) && value > 0 ? value : undefined;
}

/** ISO with a zone; a date alone is its beginning in UTC. */
function knownTime(text: string): bigint | undefined {
  if (isTradingDate(text)) return BigInt(Date.parse(text)) * 1_000_000n;
  const time = timeParser('iso', undefined);
  try {
    const parsed = time(text);
    return typeof parsed === 'bigint' ? parsed : undefined;
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'TIME_ZONE_MISSING') throw error;
    return undefined;
  }
}
