import { type Html, html } from './html.ts';

const WIDTH = 960;
const HEIGHT = 240;
const LEFT = 90;
const BOTTOM = 22;

export interface LineChart {
  readonly title: string;
  /** ns UTC, ascending. */
  readonly ts: BigInt64Array;
  readonly values: Float64Array;
  /** Shown at the ends of the value axis. */
  readonly format: (value: number) => string;
  /** Fill the area between the line and this value. */
  readonly fillTo?: number | undefined;
}

/** One line over time as inline SVG, scaled to its values. No script, no reference to anything outside. */
export function lineChart(chart: LineChart): Html {
  const { title, ts, values, format } = chart;
  if (values.length === 0) return html`<p>${title}: no rows</p>`;
  const bounds = boundsOf(values, chart.fillTo);
  const points = pointsOf(ts, values, bounds);
  const line = points.map(([x, y]) => `${x},${y}`).join(' ');
  const [first, last] = [points[0]!, points[points.length - 1]!];
  const base = chart.fillTo === undefined ? HEIGHT - BOTTOM : yOf(chart.fillTo, bounds);
  const area = `${first[0]},${base} ${line} ${last[0]},${base}`;
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">
<polygon class="area" points="${area}"/><polyline class="line" points="${line}"/>
<text x="${LEFT - 8}" y="12" text-anchor="end">${format(bounds.high)}</text>
<text x="${LEFT - 8}" y="${HEIGHT - BOTTOM}" text-anchor="end">${format(bounds.low)}</text>
<text x="${LEFT}" y="${HEIGHT - 4}">${dayOf(ts[0]!)}</text>
<text x="${WIDTH}" y="${HEIGHT - 4}" text-anchor="end">${dayOf(ts[ts.length - 1]!)}</text>
</svg>`;
}

interface Bounds {
  readonly low: number;
  readonly high: number;
}

function boundsOf(values: Float64Array, fillTo: number | undefined): Bounds {
  let low = fillTo ?? Infinity;
  let high = fillTo ?? -Infinity;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return { low, high };
}

function pointsOf(ts: BigInt64Array, values: Float64Array, bounds: Bounds): [number, number][] {
  const start = ts[0]!;
  const span = Number(ts[ts.length - 1]! - start) || 1;
  return Array.from(values, (value, at) => [
    rounded(LEFT + (Number(ts[at]! - start) / span) * (WIDTH - LEFT)),
    yOf(value, bounds),
  ]);
}

function yOf(value: number, { low, high }: Bounds): number {
  const top = 4;
  const share = high === low ? 0.5 : (value - low) / (high - low);
  return rounded(HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - top));
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

function dayOf(ts: bigint): string {
  return new Date(Number(ts / 1_000_000n)).toISOString().slice(0, 10);
}
