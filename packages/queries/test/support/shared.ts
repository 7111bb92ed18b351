import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { test } from '@jest/globals';

const folder = fileURLToPath(new URL('../../../../../shared/', import.meta.url));

/** Path of a file beside the checkout; undefined when it is not there. */
export function sharedFile(path: string): string | undefined {
  return existsSync(`${folder}${path}`) ? `${folder}${path}` : undefined;
}

/** `test` when every file is there; else a skipped test whose name says what is missing. */
export function sharedTest(
  name: string,
  paths: readonly string[],
  body: () => Promise<void>,
  timeoutMs = 60_000,
): void {
  const missing = paths.filter((path) => sharedFile(path) === undefined);
  if (missing.length === 0) test(name, body, timeoutMs);
  else test.skip(`${name} (skipped: ../shared/${missing.join(', ../shared/')} is not there)`, body);
}

/** Rows of a gzip CSV without quoted fields, without its header. */
export function readCsv(path: string): string[][] {
  const text = gunzipSync(readFileSync(`${folder}${path}`)).toString('utf8');
  return text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.trimEnd().split(','));
}

export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(`${folder}${path}`, 'utf8'));
}

/** `YYYY-MM-DD HH:MM:SS[.mmm]`, UTC, in ns. */
export function utcNs(text: string): bigint {
  return BigInt(Date.parse(`${text.replace(' ', 'T')}Z`)) * 1_000_000n;
}
