import { type Html, html } from './html.ts';
import type { CoverageDay, ExchangeCoverage, SymbolCoverage } from './report-facts.ts';

/** More rows make the file large and nobody reads them; the section says how many are left out. */
const MAX_SYMBOLS = 300;

/** One calendar an exchange: a row a symbol, a column a session, a cell as dark as the date is complete. */
export function coverageSection(coverage: readonly ExchangeCoverage[]): Html {
  if (coverage.length === 0) return html`<p>No market data yet.</p>`;
  return html`<p>Share of a session that is there: <span class="key s0">none</span> <span class="key s1">below 40 %</span> <span class="key s2">40 %</span> <span class="key s3">75 %</span> <span class="key s4">99 %</span> <span class="key sx">unreadable</span>. Red dates are missing, blue ones are live.</p>
${coverage.map(ofExchange)}`;
}

function ofExchange(one: ExchangeCoverage): Html {
  const shown = one.symbols.slice(0, MAX_SYMBOLS);
  const largest = one.days.map((_day, at) =>
    Math.max(0, ...one.symbols.map((each) => each.rows[at] ?? 0)),
  );
  const left = one.symbols.length - shown.length;
  return html`<h3>${one.exchange}</h3>
<p>Rows: ${one.unit === 'candles' ? '1m candles' : 'ticks'}. ${one.symbols.length} symbols, ${one.days.length} sessions${left > 0 ? `; the first ${shown.length} symbols are shown` : ''}.</p>
<div class="wide"><table class="calendar"><thead><tr><th></th>${one.days.map(header)}<th>days</th></tr></thead>
<tbody>${shown.map((symbol) => row(symbol, one.days, largest))}</tbody></table></div>`;
}

function header(day: CoverageDay): Html {
  const title = [day.tradingDate, day.state, day.problem ?? ''].join(' ').trim();
  return html`<th class="day ${day.state}" title="${title}"><span>${day.tradingDate.slice(2)}</span></th>`;
}

function row(
  symbol: SymbolCoverage,
  days: readonly CoverageDay[],
  largest: readonly number[],
): Html {
  const present = symbol.rows.filter((rows) => rows > 0).length;
  const cells = days.map((day, at) => cell(symbol.rows[at] ?? 0, day, largest[at] ?? 0));
  return html`<tr><th>${symbol.symbol}</th>${cells}<td class="n">${present}/${days.length}</td></tr>
`;
}

function cell(rows: number, day: CoverageDay, largest: number): Html {
  const of = day.expected ?? largest;
  const title = `${day.tradingDate}: ${rows}${of > 0 ? ` of ${of}` : ''}`;
  return html`<td class="${shadeOf(rows, of, day)}" title="${title}"></td>`;
}

/** `s0` nothing where something was expected, to `s4` complete; `sx` unreadable. */
function shadeOf(rows: number, of: number, day: CoverageDay): string {
  if (day.state === 'unreadable') return 'sx';
  if (rows === 0) return 's0';
  const share = of === 0 ? 1 : rows / of;
  return share >= 0.99 ? 's4' : share >= 0.75 ? 's3' : share >= 0.4 ? 's2' : 's1';
}
