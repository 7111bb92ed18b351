import { describe, expect, test } from '@jest/globals';
import { escapeHtml, html } from '../src/report/html.ts';
import { lineChart } from '../src/report/line-chart.ts';
import { monthlyReturns, yearlyReturns } from '../src/report/monthly-returns.ts';

const DAY = 86_400_000_000_000n;

describe('html', () => {
  test('escapes values, and keeps what is markup already', () => {
    const inner = html`<b>${'<&>"\''}</b>`;
    expect(inner.markup).toBe('<b>&lt;&amp;&gt;&quot;&#39;</b>');
    expect(html`<i title="${'"'}">${inner}${[inner, inner]}${1}</i>`.markup).toBe(
      `<i title="&quot;">${inner.markup}${inner.markup}\n${inner.markup}1</i>`,
    );
    expect(escapeHtml('&lt;')).toBe('&amp;lt;');
  });
});

describe('a line chart', () => {
  const pointsOf = (values: number[], fillTo?: number): [number, number][] => {
    const { markup } = lineChart({
      title: 't',
      ts: BigInt64Array.from(values, (_, at) => BigInt(at) * DAY),
      values: Float64Array.from(values),
      format: String,
      fillTo,
    });
    const [, points = ''] = /polyline class="line" points="([^"]*)"/.exec(markup) ?? [];
    return points.split(' ').map((point) => point.split(',').map(Number) as [number, number]);
  };

  test('spans its box: first to last time, lowest to highest value', () => {
    expect(pointsOf([10, 30, 20])).toEqual([
      [90, 218],
      [525, 4],
      [960, 111],
    ]);
  });

  test('a base that is no value is part of the scale', () => {
    expect(pointsOf([-1, -2], 0)).toEqual([
      [90, 111],
      [960, 218],
    ]);
  });

  test('one point, equal values, and no rows have a picture too', () => {
    expect(pointsOf([5])).toEqual([[90, 111]]);
    expect(pointsOf([5, 5])).toEqual([
      [90, 111],
      [960, 111],
    ]);
    const none = { title: 'Equity', ts: new BigInt64Array(0), values: new Float64Array(0) };
    expect(lineChart({ ...none, format: String }).markup).toBe('<p>Equity: no rows</p>');
  });
});

test('monthly returns go from month end to month end, the first from the starting cash', () => {
  const months = monthlyReturns(100, [
    { month: '2025-12', equity: 110 },
    { month: '2026-01', equity: 99 },
    { month: '2026-03', equity: 198 },
  ]);
  expect(months).toEqual([
    { year: '2025', month: 12, value: expect.closeTo(0.1, 14) },
    { year: '2026', month: 1, value: expect.closeTo(-0.1, 14) },
    { year: '2026', month: 3, value: expect.closeTo(1, 14) },
  ]);
  expect(yearlyReturns(months)).toEqual([
    { year: '2025', value: expect.closeTo(0.1, 14) },
    { year: '2026', value: expect.closeTo(0.8, 14) },
  ]);
});
