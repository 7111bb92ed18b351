import type { SessionCalendar } from '@tb/calendar';
import {
  type CorporateAction,
  type CorporateHistory,
  type NamedPeriod,
  namesOf,
} from './corporate-actions.ts';
import type { Adjust } from './request.ts';
import { BEGINNING, END, type Leg, type SymbolTable } from './symbol-table.ts';

export interface AdjustOptions {
  readonly calendar: SessionCalendar;
  readonly history: CorporateHistory;
  readonly adjust: Adjust;
  readonly followChanges: boolean;
  /** Trading date at which the symbols are meant. */
  readonly symbolDate: string;
  /** Only actions whose ex date has come by then: an announced split does not scale prices yet. */
  readonly asOfDate: string;
  readonly sidOf: (symbol: string) => number | undefined;
}

/**
 * Legs of symbols with their factors. A row of trading date d is scaled by the product of the factors of all actions
 * of the instrument with d < ex_date <= asOfDate: prices by splits (and dividends for `all`), volumes by 1 / splits.
 */
export function adjustedSymbols(symbols: readonly string[], options: AdjustOptions): SymbolTable {
  const legs = symbols.flatMap((symbol, code) => legsOf(symbol, code, options));
  const sidByCode = Int32Array.from(symbols, (symbol) => options.sidOf(symbol) ?? -1);
  return { symbols, legs, sidByCode };
}

function legsOf(symbol: string, code: number, options: AdjustOptions): Leg[] {
  const { history, followChanges, symbolDate, sidOf } = options;
  const periods: NamedPeriod[] = followChanges
    ? namesOf(symbol, symbolDate, history.renames)
    : [{ symbol, from: undefined, to: undefined }];
  const actions = periods.flatMap((period) => actionsOf(period, options));
  return periods.flatMap((period) => {
    const sid = sidOf(period.symbol);
    return sid === undefined ? [] : legsOfPeriod({ sid, code }, period, actions, options.calendar);
  });
}

function actionsOf(period: NamedPeriod, options: AdjustOptions): CorporateAction[] {
  if (options.adjust === 'none') return [];
  return options.history.actions.filter(
    (action) =>
      action.symbol === period.symbol &&
      (options.adjust === 'all' || action.kind === 'split') &&
      (period.from === undefined || action.ex_date >= period.from) &&
      (period.to === undefined || action.ex_date < period.to) &&
      action.ex_date <= options.asOfDate,
  );
}

function legsOfPeriod(
  key: { readonly sid: number; readonly code: number },
  period: NamedPeriod,
  actions: readonly CorporateAction[],
  calendar: SessionCalendar,
): Leg[] {
  const inside = actions
    .map((action) => action.ex_date)
    .filter((date) => !(period.from && date <= period.from) && !(period.to && date >= period.to));
  const starts = [period.from, ...[...new Set(inside)].sort()];
  return starts.map((start, index) => {
    const end = starts[index + 1] ?? period.to;
    const ahead = actions.filter((action) => start === undefined || action.ex_date > start);
    const splits = ahead.filter((action) => action.kind === 'split');
    return {
      ...key,
      from: start === undefined ? BEGINNING : beginningOf(calendar, start),
      to: end === undefined ? END : beginningOf(calendar, end),
      priceFactor: product(ahead),
      volumeFactor: 1 / product(splits),
    };
  });
}

function product(actions: readonly CorporateAction[]): number {
  return actions.reduce((all, action) => all * action.factor, 1);
}

/** Where the window of the first session at or after a date begins. */
function beginningOf(calendar: SessionCalendar, date: string): bigint {
  return (calendar.sessionOf(date) ?? calendar.nextSession(date)).windowFrom;
}
