import { type Html, html } from './html.ts';

const WIDTH = 240;
const HEIGHT = 40;

/** An equity curve as a small inline SVG, scaled to its own values. */
export function sparkline(title: string, values: Float64Array): Html {
  if (values.length < 2) return html`<span class="dim">one value</span>`;
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const span = high - low || 1;
  const points = Array.from(values, (value, at) => {
    const x = (at / (values.length - 1)) * WIDTH;
    const y = HEIGHT - 2 - ((value - low) / span) * (HEIGHT - 4);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return html`<svg width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}"><polyline points="${points.join(' ')}"/></svg>`;
}
