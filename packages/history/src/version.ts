import { readFileSync } from 'node:fs';

/** `@tb/history 0.1.0`: what wrote a file. */
export const WRITER_VERSION: string = writerVersion();

function writerVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { name, version } = JSON.parse(text) as { name: string; version: string };
  return `${name} ${version}`;
}
