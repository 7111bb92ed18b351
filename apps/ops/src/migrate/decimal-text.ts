import { formatDecimal, parseDecimal } from '@tb/manager';

const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;
const MAX_DIGITS = 38;

/**
 * The exact decimal of a number as DuckDB prints it: a DECIMAL digit by digit, a DOUBLE in its shortest form, exponents
 * written out. No float on the way.
 * @returns undefined for NaN, infinities, texts that are no number, and decimals of more than 38 digits.
 */
export function decimalText(printed: string): string | undefined {
  const parts = NUMBER.exec(printed.trim());
  const [whole, fraction] = [parts?.[2] ?? '', parts?.[3] ?? ''];
  if (!parts || whole + fraction === '') return undefined;
  const exponent = Number(parts[4] ?? 0);
  const point = whole.length + exponent;
  const digits = whole + fraction;
  if (digits.length + Math.abs(exponent) > 4 * MAX_DIGITS) return undefined;
  const padded = point <= 0 ? '0'.repeat(1 - point) + digits : digits.padEnd(point, '0');
  const at = Math.max(point, 1);
  const plain = `${padded.slice(0, at)}.${padded.slice(at)}`
    .replace(/^0+(?=\d)/, '')
    .replace(/\.?0*$/, (zeros) => (zeros.startsWith('.') ? '' : zeros))
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '');
  const count = plain.replace('.', '').length;
  if (count > MAX_DIGITS) return undefined;
  return formatDecimal(parseDecimal(`${parts[1] === '-' ? '-' : ''}${plain}`, 'A number'));
}
