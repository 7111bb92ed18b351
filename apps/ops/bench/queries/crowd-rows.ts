import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BenchRow } from '@tb/testkit';
import type { Bench } from './bench.ts';
import { SYMBOLS } from './sizes.ts';
import { percentile, type SmallReads, smallReads } from './small-reads.ts';

const PROCESSES = 8;
const QUERIES_A_PROCESS = 100;

/** Many queries at once in one process, and several processes. */
export async function crowdRows(bench: Bench): Promise<BenchRow[]> {
  return [...(await atOnce(bench)), ...(await eightReaders(bench))];
}

async function atOnce(bench: Bench): Promise<BenchRow[]> {
  let descriptors = 0;
  const { errors, latencies } = await smallReads(bench.query, 1_000, 'at once', () => {
    if (process.platform === 'linux')
      descriptors = Math.max(descriptors, readdirSync('/proc/self/fd').length);
  });
  const detail = `all in ${Math.max(...latencies).toFixed(0)} ms, p99 ${percentile(latencies, 0.99).toFixed(0)} ms`;
  return [
    { name: '1,000 queries at once: errors', value: errors, unit: '', goal: '= 0', detail },
    {
      name: '1,000 queries at once: open descriptors at most',
      value: descriptors,
      unit: '',
      goal: '<= 400',
    },
  ];
}

async function eightReaders(bench: Bench): Promise<BenchRow[]> {
  const found = await Promise.all(Array.from({ length: PROCESSES }, () => readInChild(bench.root)));
  const errors = found.reduce((sum, one) => sum + one.errors, 0);
  const latencies = found.flatMap((one) => one.latencies);
  const name = `${PROCESSES} reader processes, ${QUERIES_A_PROCESS} queries each`;
  return [
    { name: `${name}: errors`, value: errors, unit: '', goal: '= 0' },
    {
      name: `${name}: p99 of a query`,
      value: percentile(latencies, 0.99),
      unit: 'ms',
      detail: `p50 ${percentile(latencies, 0.5).toFixed(1)} ms`,
    },
  ];
}

function readInChild(root: string): Promise<SmallReads> {
  const child = fileURLToPath(new URL('./reader-child.ts', import.meta.url));
  return new Promise((resolve, reject) => {
    const args = [...process.execArgv, child, root, String(QUERIES_A_PROCESS)];
    const env = { ...process.env, TB_BENCH_SYMBOLS: String(SYMBOLS) };
    const reader = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
    let text = '';
    reader.stdout.on('data', (data: Buffer) => {
      text += data.toString();
    });
    reader.on('error', reject);
    reader.on('close', () => {
      try {
        resolve(JSON.parse(text) as SmallReads);
      } catch (cause) {
        reject(new Error('A reader process gave no answer', { cause }));
      }
    });
  });
}
