/** `pnpm bench [name...] [--json]`: runs the benchmarks and prints them beside their goals. Exits 0 also when one is missed. */
import { parseArgs } from 'node:util';
import { type BenchRow, verdictOf } from './bench-row.ts';
import { choose, entryPoints, opsBenches } from './entry-points.ts';
import { formatTable } from './print-table.ts';
import { runMain } from './run-main.ts';

interface BenchModule {
  run(): Promise<BenchRow[]>;
}

function rounded(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en');
  return value.toLocaleString('en', { maximumSignificantDigits: 4 });
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { json: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const available = new Map([...entryPoints('bench.ts'), ...opsBenches()]);
  const rows: (BenchRow & { bench: string; verdict: string })[] = [];
  for (const [bench, url] of choose(available, positionals)) {
    process.stderr.write(`bench ${bench}\n`);
    const module = (await import(url)) as BenchModule;
    for (const row of await module.run()) rows.push({ bench, ...row, verdict: verdictOf(row) });
  }
  if (values.json) {
    console.log(
      JSON.stringify({
        node: process.version,
        platform: `${process.platform} ${process.arch}`,
        rows,
      }),
    );
    return;
  }
  const cells = rows.map((row) => [
    row.bench,
    row.name,
    rounded(row.value),
    row.unit,
    String(row.goal ?? ''),
    row.verdict,
    row.detail ?? '',
  ]);
  console.log(formatTable(['bench', 'name', 'value', 'unit', 'goal', '', 'detail'], cells));
  const missed = rows.filter((row) => row.verdict === 'missed').length;
  const met = rows.filter((row) => row.verdict === 'met').length;
  console.log(`\n${met} goals met, ${missed} missed, ${rows.length - met - missed} without a goal`);
}

await runMain(main);
