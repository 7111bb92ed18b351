/** `pnpm docs`: writes the documents that are made from code. */
import { writeFileSync } from 'node:fs';
import { errorTables } from '../src/error-tables.ts';
import { systemErrors } from '../src/system-errors.ts';
import { errorsDocument } from './errors-document.ts';

writeFileSync(
  new URL('../../../docs/errors.md', import.meta.url),
  errorsDocument(errorTables, systemErrors),
);
