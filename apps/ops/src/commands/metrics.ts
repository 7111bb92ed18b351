import { once } from 'node:events';
import { rename, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { OpsError } from '../errors.ts';
import type { Execute } from '../execute.ts';
import { checkHealth } from '../health/check-health.ts';
import { healthGauges } from '../metrics/health-gauges.ts';
import { type Gauge, prometheusText } from '../metrics/prometheus.ts';
import { serveMetrics } from '../metrics/serve-metrics.ts';
import type { CommandResult } from '../output.ts';

/** Scrapes come every 15 s by default: two scrapers share one look at the databases. */
const REUSE_MS = 5_000;

interface Flags {
  readonly listen?: string;
  readonly out?: string;
}

/** `tb metrics`: what `tb health` sees, as Prometheus text. */
export function register(program: Command, execute: Execute): void {
  program
    .command('metrics')
    .description('what health sees, as Prometheus text: once to stdout, or served')
    .option(
      '--listen <address>',
      'serve /metrics, e.g. 127.0.0.1:9464; a port alone is of loopback',
    )
    .option('--out <file>', 'write the text whole to a file, for the node exporter')
    .addHelpText('after', '\nExample:\n  $ tb metrics --listen 127.0.0.1:9464')
    .action((flags: Flags, self: Command) => execute(self, (context) => run(context, flags)));
}

async function run(context: Context, flags: Flags): Promise<CommandResult> {
  if (flags.listen !== undefined && flags.out !== undefined)
    throw new OpsError('BAD_OPTION', '--listen and --out exclude each other');
  if (flags.listen !== undefined) return serve(context, parseAddress(flags.listen));
  const gauges = await collect(context);
  const text = prometheusText(gauges);
  if (flags.out !== undefined) {
    const path = resolve(flags.out);
    await writeFile(`${path}.tmp-${process.pid}`, text);
    await rename(`${path}.tmp-${process.pid}`, path);
    return { status: 'written', fields: { out: path, gauges }, lines: [`${path}: written`] };
  }
  return { status: 'ok', fields: { gauges }, lines: [text.trimEnd()] };
}

async function collect({ layout, signal }: Context): Promise<readonly Gauge[]> {
  const report = await checkHealth(layout, { signal });
  return healthGauges(report, Date.now());
}

async function serve(
  context: Context,
  address: { readonly host: string; readonly port: number },
): Promise<CommandResult> {
  await collect(context); // a wrong root is told now, not by the first scrape
  await using server = await serveMetrics({
    ...address,
    collect: async () => prometheusText(await collect(context)),
    reuseMs: REUSE_MS,
    onError: (error) => context.log(`scrape failed: ${String(error)}`),
  });
  const { host, port } = server;
  context.log(`serving http://${host.includes(':') ? `[${host}]` : host}:${port}/metrics`);
  if (!context.signal.aborted) await once(context.signal, 'abort');
  return { status: 'stopped', fields: { host, port }, lines: ['stopped'] };
}

/** `HOST:PORT`, `[::1]:PORT` or `PORT`. @throws `BAD_OPTION` */
export function parseAddress(text: string): { readonly host: string; readonly port: number } {
  const [, v6, name, digits] =
    /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^:\s[\]]+)):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65535)
    throw new OpsError('BAD_OPTION', `${JSON.stringify(text)} is no address`, {
      hint: 'Give HOST:PORT, e.g. --listen 127.0.0.1:9464.',
    });
  return { host: v6 ?? name ?? '127.0.0.1', port };
}
