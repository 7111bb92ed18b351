import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { csvRecords } from '../../src/input/csv-records.ts';

/** Records of a text that arrives in pieces, or the code of the error. */
async function recordsOf(text: string, cuts: readonly number[]): Promise<unknown> {
  const at = [0, ...cuts.map((cut) => cut % (text.length + 1)), text.length].sort((a, b) => a - b);
  const pieces = at.slice(1).map((end, i) => Buffer.from(text.slice(at[i], end)));
  const records: unknown[] = [];
  try {
    for await (const block of csvRecords(Readable.from(pieces.filter((p) => p.length)), 't'))
      records.push(...block.records);
  } catch (error) {
    return ((error as Error).cause as { code: string }).code;
  }
  return records;
}

function reference(text: string): unknown {
  try {
    return parse(text, { bom: true, relax_column_count: true, skip_empty_lines: true });
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const piece = fc.constantFrom('a', 'bc', ',', ',', '\n', '\n', '"', 'é', ' ');

describe('CSV records', () => {
  test('are those of csv-parse, wherever the text is cut and quotes begin', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 60 }),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        fc.array(fc.nat(), { maxLength: 6 }),
        async (pieces, lineEnd, hasMark, cuts) => {
          const text = pieces.map((p) => (p === '\n' ? lineEnd : p)).join('');
          const whole = hasMark ? `\ufeff${text}` : text;
          expect(await recordsOf(whole, cuts)).toEqual(reference(whole));
        },
      ),
      { numRuns: 1500 },
    );
  });

  test.each(['a,b\rc,d\r', 'a\n\r\nb\n', '\r\na\r\nb', 'a"b\n', '"a\n'])('%j too', async (text) => {
    expect(await recordsOf(text, [1, 2])).toEqual(reference(text));
  });
});
