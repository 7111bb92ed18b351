/** `pnpm soak [name...] [--minutes M] [--rounds R] [--seed S] [--json]`: long runs with faults. Exits 1 when one fails. */
import { parseArgs } from 'node:util';
import { choose, soakPoints } from './entry-points.ts';
import { formatTable } from './print-table.ts';
import { runMain } from './run-main.ts';
import { seedOf } from './seed.ts';

interface SoakModule {
  /** Throws when something that must hold does not. Returns figures for the table, if any. */
  run(options: { minutes: number; seed: number; rounds: number | undefined }): Promise<unknown>;
}

function wholeNumber(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0)) throw new RangeError(`--${name} is a number above 0, not ${text}`);
  return value;
}

/** Figures as lines of the table: an object by its keys, rows by name and value. */
function linesOf(soak: string, result: unknown): string[][] {
  if (Array.isArray(result))
    return result.map((row: { name?: unknown; value?: unknown; unit?: unknown }) => [
      soak,
      String(row.name),
      `${row.value}`,
      String(row.unit ?? ''),
    ]);
  if (typeof result !== 'object' || result === null) return [];
  return Object.entries(result).map(([name, value]) => [
    soak,
    name,
    typeof value === 'object' ? JSON.stringify(value) : String(value),
    '',
  ]);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      minutes: { type: 'string', default: '1' },
      rounds: { type: 'string' },
      seed: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  if (values.seed !== undefined) process.env['TB_SEED'] = values.seed;
  const minutes = wholeNumber(values.minutes, 'minutes') ?? 1;
  const rounds = wholeNumber(values.rounds, 'rounds');
  const seed = seedOf();
  const results: { soak: string; ok: boolean; durationMs: number; result: unknown }[] = [];
  for (const [soak, url] of choose(soakPoints(), positionals)) {
    process.stderr.write(`soak ${soak}, ${minutes} min, seed ${seed}\n`);
    const started = performance.now();
    const module = (await import(url)) as SoakModule;
    const outcome = await module.run({ minutes, seed, rounds }).then(
      (result) => ({ ok: true, result }),
      (error: Error) => ({ ok: false, result: { error: error.stack ?? String(error) } }),
    );
    results.push({ soak, durationMs: Math.round(performance.now() - started), ...outcome });
  }
  if (values.json) console.log(JSON.stringify({ node: process.version, seed, minutes, results }));
  else {
    console.log(
      formatTable(
        ['soak', 'name', 'value', 'unit'],
        results.flatMap(({ soak, result }) => linesOf(soak, result)),
      ),
    );
    for (const { soak, ok, durationMs } of results)
      console.log(
        `${soak}: ${ok ? 'passed' : 'FAILED'} in ${(durationMs / 1000).toFixed(1)} s, seed ${seed}`,
      );
  }
  if (results.some(({ ok }) => !ok)) process.exitCode = 1;
}

await runMain(main);
