import type { Gate } from './gate.ts';

/** Whole instruments went missing unnoticed once: 59 deleted sessions passed six gates that counted containers. */
export const symbolsPresent: Gate = {
  name: 'symbols_present',
  severity: 'expect',
  isExplainable: true,
  rule: 'Every symbol of the instrument list, or else of the previous session, has rows.',
  async check(context) {
    if (!context.expectedSymbols) return [];
    const present = new Set(
      context.subjects.flatMap((one) =>
        one.targetProfile.symbols.map((symbol) => context.symbolOf(symbol.sid)),
      ),
    );
    const { exchange, tradingDate } = context.session;
    return context.expectedSymbols
      .filter((symbol) => !present.has(symbol))
      .map((symbol) => ({
        subject: `${exchange} ${tradingDate}`,
        symbol,
        observed: '0 rows',
        expected: 'at least 1 row',
      }));
  },
};
