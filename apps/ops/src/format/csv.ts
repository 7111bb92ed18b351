/** One CSV record (RFC 4180): a cell is quoted only when it must be. Numbers in their shortest exact form, absent = empty. */
export function csvLine(
  cells: readonly (string | number | bigint | boolean | null | undefined)[],
): string {
  return `${cells.map(csvCell).join(',')}\n`;
}

function csvCell(cell: string | number | bigint | boolean | null | undefined): string {
  if (cell === null || cell === undefined || (typeof cell === 'number' && Number.isNaN(cell)))
    return '';
  const text = String(cell);
  return /[",\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}
