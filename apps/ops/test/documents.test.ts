import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { errorsDocument } from '../docs/errors-document.ts';
import { errorTables } from '../src/error-tables.ts';
import { systemErrors } from '../src/system-errors.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

describe('docs/errors.md', () => {
  test('is what the error tables say; if not, run `pnpm docs`', () => {
    expect(readFileSync(join(root, 'docs/errors.md'), 'utf8')).toBe(
      errorsDocument(errorTables, systemErrors),
    );
  });

  test('no error class is missing', () => {
    const classes: string[] = [];
    for (const top of ['packages', 'apps']) {
      for (const name of readdirSync(join(root, top))) {
        const file = join(root, top, name, 'src', 'errors.ts');
        let text: string;
        try {
          text = readFileSync(file, 'utf8');
        } catch (error) {
          if ((error as { code?: string }).code === 'ENOENT') continue; // a package that throws nothing of its own
          throw error;
        }
        classes.push(
          ...[...text.matchAll(/export class (\w+Error) /g)].map((match) => match[1] ?? ''),
        );
      }
    }
    expect(classes.sort()).toEqual(Object.keys(errorTables).sort());
  });
});
