import { OpsError } from '../errors.ts';

/** What a directive stands for, as in strftime(3). `%f` is a fraction of a second of up to nine digits. */
const DIRECTIVES: Readonly<Record<string, string>> = {
  Y: String.raw`\d{4}`,
  m: String.raw`\d{2}`,
  d: String.raw`\d{2}`,
  H: String.raw`\d{2}`,
  M: String.raw`\d{2}`,
  S: String.raw`\d{2}`,
  f: String.raw`\d{1,9}`,
  z: String.raw`Z|[+-]\d{2}:?\d{2}`,
};
/** One digit will do where nothing else can be meant: `2.1.2024 9:30`, and not `%Y%m%d`. */
const SHORT = new Set(['m', 'd', 'H']);

/**
 * A function that writes a time of a stated pattern as ISO 8601 does, e.g. `%d.%m.%Y %H:%M:%S.%f`; undefined for text of another form.
 * Whether the day and the hour exist is left to who reads ISO.
 * @throws `BAD_OPTION` for a pattern without a date, with part of a time of day, or with another directive
 */
export function isoOfPattern(pattern: string): (text: string) => string | undefined {
  const form = new RegExp(`^${sourceOf(pattern)}$`, 'i');
  return (text) => {
    const parts = form.exec(text)?.groups;
    if (!parts) return undefined;
    const [month, day, hour] = ['m', 'd', 'H'].map((name) => parts[name]?.padStart(2, '0'));
    const date = `${parts['Y']}-${month}-${day}`;
    if (hour === undefined) return date;
    const fraction = parts['f'] === undefined ? '' : `.${parts['f']}`;
    return `${date}T${hour}:${parts['M']}:${parts['S'] ?? '00'}${fraction}${parts['z'] ?? ''}`;
  };
}

function sourceOf(pattern: string): string {
  const tokens = pattern.match(/%.?|[^%]+/gs) ?? [];
  const names = tokens.filter((token) => token.startsWith('%')).map((token) => token.slice(1));
  assertDirectives(pattern, names);
  const isLiteral = (at: number): boolean => !tokens[at]?.startsWith('%');
  return tokens
    .map((token, at) => {
      if (isLiteral(at)) return token.replace(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
      const name = token.slice(1);
      const isShort = SHORT.has(name) && isLiteral(at - 1) && isLiteral(at + 1);
      return `(?<${name}>${isShort ? String.raw`\d{1,2}` : DIRECTIVES[name]})`;
    })
    .join('');
}

function assertDirectives(pattern: string, names: readonly string[]): void {
  const lacks = (...wanted: readonly string[]): boolean =>
    wanted.some((name) => !names.includes(name));
  const problem = names.some((name) => !Object.hasOwn(DIRECTIVES, name))
    ? `has a directive that is not one of ${Object.keys(DIRECTIVES)
        .map((name) => `%${name}`)
        .join(' ')}`
    : new Set(names).size < names.length
      ? 'has a directive twice'
      : lacks('Y', 'm', 'd')
        ? 'lacks a part of the date: %Y %m %d'
        : names.length > 3 && lacks('H', 'M')
          ? 'lacks a part of the time of day: %H %M'
          : names.includes('f') && lacks('S')
            ? 'has a fraction and no second'
            : undefined;
  if (problem !== undefined)
    throw new OpsError('BAD_OPTION', `--ts-format ${JSON.stringify(pattern)} ${problem}`, {
      hint: "E.g. --ts-format '%d.%m.%Y %H:%M:%S.%f'; or iso, s, ms, us, ns.",
    });
}
