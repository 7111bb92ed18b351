/** Markup that is safe to insert as it is. Made by `html` only. */
export interface Html {
  readonly markup: string;
}

type Part = string | number | Html | readonly Html[];

/** Template for markup: every value is escaped unless it is `Html` already. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { markup: texts.reduce((all, text, at) => all + shown(parts[at - 1] ?? '') + text) };
}

/** Text as it may stand in an element and in a quoted attribute. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

function shown(part: Part): string {
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part));
  if ('markup' in part) return part.markup;
  return part.map((each) => each.markup).join('');
}

/** A table; a column whose cells are all numbers is aligned to the right. */
export function table(
  header: readonly string[],
  rows: readonly (readonly (string | number | Html)[])[],
): Html {
  const isNumeric = header.map((_name, at) => rows.every((row) => typeof row[at] === 'number'));
  const cell = (value: string | number | Html, at: number): Html =>
    isNumeric[at] ? html`<td class="n">${value}</td>` : html`<td>${value}</td>`;
  return html`<table><thead><tr>${header.map((name) => html`<th>${name}</th>`)}</tr></thead>
<tbody>${rows.map(
    (row) => html`<tr>${row.map(cell)}</tr>
`,
  )}</tbody></table>`;
}
