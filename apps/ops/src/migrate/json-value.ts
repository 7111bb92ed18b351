/** SQLite refuses JSON that is nested deeper than 1000; so does any sane reader, earlier. */
const MAX_DEPTH = 400;

/**
 * A cell as JSON text, by the type of its column: whole numbers and JSON keep every digit, what is not JSON becomes a
 * JSON string. Never loses anything and never fails.
 */
export function jsonOfCell(text: string, type: string): string {
  if (type === 'BOOLEAN') return text === 'true' ? 'true' : 'false';
  if (/^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$/.test(type)) return text;
  if ((type === 'DOUBLE' || type === 'FLOAT') && Number.isFinite(Number(text)))
    return JSON.stringify(Number(text));
  if (type === 'JSON' || type === 'VARCHAR') return jsonText(text, type === 'JSON');
  return JSON.stringify(text);
}

/**
 * @param isDeclared Whether the column says JSON. In a text column only objects and lists are taken for JSON: `12` is
 *   more likely a text.
 */
function jsonText(text: string, isDeclared: boolean): string {
  const looksLike = isDeclared || /^\s*[[{]/.test(text);
  return looksLike && isJson(text) ? text : JSON.stringify(text);
}

/** Whether a text is JSON that every reader takes: bare NaN, Python dicts and bottomless nesting are not. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
  } catch {
    return false;
  }
  let depth = 0;
  let deepest = 0;
  for (const character of text) {
    if (character === '[' || character === '{') deepest = Math.max(deepest, ++depth);
    else if (character === ']' || character === '}') depth -= 1;
  }
  return deepest <= MAX_DEPTH;
}

/** An object of named JSON texts, in the given order; null when there is none. */
export function jsonObject(
  entries: readonly (readonly [name: string, json: string])[],
): string | null {
  if (entries.length === 0) return null;
  return `{${entries.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;
}
