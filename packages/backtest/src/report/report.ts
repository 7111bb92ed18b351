import type { RunFile } from '../run-file.ts';
import type { RunRecord } from '../run-index.ts';
import type { RunMetric } from '../run-tally.ts';
import type { OpenPosition, Trade } from '../trade.ts';
import { type Html, html } from './html.ts';
import { lineChart } from './line-chart.ts';
import { type MonthlyReturn, monthlyReturns, yearlyReturns } from './monthly-returns.ts';

/** Points of a chart: more than pixels. */
const CHART_ROWS = 2000;
const DEFAULT_TRADES = 500;

/**
 * A tear sheet of one run: equity, drawdown, monthly returns, metrics with their conventions, trades. One HTML document
 * that refers to nothing outside itself; every text in it is escaped.
 *
 * @param options `maxTrades`: how many trades are listed, the newest; default 500. The sheet says how many there are.
 */
export async function renderReport(
  run: RunRecord,
  file: RunFile,
  options: { readonly maxTrades?: number | undefined } = {},
): Promise<string> {
  const metadata = await file.metadata();
  const metrics = await file.metrics();
  const curve = await file.equity(CHART_ROWS);
  const months = monthlyReturns(Number(metadata['starting_cash']), await file.monthlyEquity());
  const trades = await file.trades();
  const title = `${run.strategyId} ${run.runId}`;
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>${STYLE}</style></head><body>
<h1>${title}</h1>
${settingsTable(run, metadata)}
<h2>Equity</h2>
${lineChart({ title: 'Equity', ts: curve.ts, values: curve.equity, format: money })}
<h2>Drawdown</h2>
${lineChart({ title: 'Drawdown', ts: curve.ts, values: curve.drawdown, format: percent, fillTo: 0 })}
<h2>Monthly returns</h2>
${monthlyTable(months)}
<h2>Metrics</h2>
${metricsTable(metrics)}
<h2>Open positions</h2>
${positionsTable(await file.positions())}
<h2>Trades</h2>
${tradesTable(trades, options.maxTrades ?? DEFAULT_TRADES)}
</body></html>
`;
  return page.markup;
}

const STYLE: Html = {
  markup: `body{font:14px/1.4 system-ui,sans-serif;max-width:1080px;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:.5em 0;display:block;overflow-x:auto}td,th{padding:2px 7px;text-align:right;border-bottom:1px solid #ddd;white-space:nowrap}
th:first-child,td:first-child,td.text,th.text{text-align:left}td.text{white-space:normal;overflow-wrap:anywhere}svg{width:100%}text{font-size:12px;fill:#666}
.line{fill:none;stroke:#1f5fa8;stroke-width:1.2}.area{fill:#1f5fa8;opacity:.12}.loss{color:#a8321f}`,
};

function settingsTable(run: RunRecord, metadata: Readonly<Record<string, string>>): Html {
  const rows: [string, string][] = [
    ['strategy', `${run.strategyId} version ${run.strategyVersion}`],
    ['exchange, timeframe', `${run.exchange} ${run.timeframe}`],
    ['symbols', run.symbols.join(', ')],
    ['range', `${time(run.from)} to ${time(run.to)} (end not included)`],
    ['parameters', JSON.stringify(run.parameters)],
    ['seed', String(run.seed)],
    ['starting cash', money(Number(metadata['starting_cash']))],
    ['fees, slippage', `${metadata['fees'] ?? ''} ${metadata['slippage'] ?? ''}`],
    ['fingerprint', run.fingerprint ?? ''],
    ['run file', `${run.path} sha256 ${run.sha256 ?? ''}`],
  ];
  return html`<table>${rows.map(
    ([name, value]) => html`<tr><td>${name}</td><td class="text">${value}</td></tr>`,
  )}</table>`;
}

function monthlyTable(months: readonly MonthlyReturn[]): Html {
  const names = [
    'Jan',
    'Feb',
    'Mar',
    'Apr',
    'May',
    'Jun',
    'Jul',
    'Aug',
    'Sep',
    'Oct',
    'Nov',
    'Dec',
  ];
  const rows = yearlyReturns(months).map(({ year, value }) => {
    const cells = names.map((_, at) => {
      const found = months.find((month) => month.year === year && month.month === at + 1);
      return found ? signed(found.value) : html`<td></td>`;
    });
    return html`<tr><td>${year}</td>${cells}${signed(value)}</tr>`;
  });
  return html`<table><tr><th>UTC</th>${names.map((name) => html`<th>${name}</th>`)}<th>Year</th></tr>
${rows}</table>`;
}

function metricsTable(metrics: readonly RunMetric[]): Html {
  return html`<table><tr><th>name</th><th>value</th><th class="text">convention</th></tr>
${metrics.map(
  ({ name, value, convention }) =>
    html`<tr><td>${name}</td><td>${Number.isNaN(value) ? 'undefined' : plain(value)}</td><td class="text">${convention}</td></tr>`,
)}</table>`;
}

function positionsTable(positions: readonly OpenPosition[]): Html {
  if (positions.length === 0) return html`<p>None.</p>`;
  return html`<table><tr><th>symbol</th><th>quantity</th><th>average price</th><th>market price</th><th>profit before fees</th></tr>
${positions.map(
  (open) =>
    html`<tr><td>${open.symbol}</td><td>${plain(open.quantity)}</td><td>${plain(open.averagePrice)}</td><td>${plain(open.marketPrice)}</td><td>${money(open.unrealisedPnl)}</td></tr>`,
)}</table>`;
}

function tradesTable(trades: readonly Trade[], maxTrades: number): Html {
  const listed = trades.slice(Math.max(0, trades.length - maxTrades));
  return html`<p>${listed.length} of ${trades.length} trades, the newest.</p>
<table><tr><th>symbol</th><th>side</th><th>quantity</th><th>entry</th><th>price</th><th>exit</th><th>price</th><th>fees</th><th>profit</th></tr>
${listed.map(
  (trade) =>
    html`<tr><td>${trade.symbol}</td><td>${trade.side}</td><td>${plain(trade.quantity)}</td><td>${time(trade.entryTs)}</td><td>${plain(trade.entryPrice)}</td><td>${time(trade.exitTs)}</td><td>${plain(trade.exitPrice)}</td><td>${money(trade.fees)}</td><td class="${trade.pnl < 0 ? 'loss' : 'win'}">${money(trade.pnl)}</td></tr>`,
)}</table>`;
}

function signed(value: number): Html {
  return html`<td class="${value < 0 ? 'loss' : 'win'}">${percent(value)}</td>`;
}

function money(value: number): string {
  return value.toFixed(2);
}

function percent(value: number): string {
  return `${(value * 100).toFixed(2)} %`;
}

function plain(value: number): string {
  return String(Number(value.toPrecision(8)));
}

function time(ts: bigint): string {
  return new Date(Number(ts / 1_000_000n)).toISOString().slice(0, 16).replace('T', ' ');
}
