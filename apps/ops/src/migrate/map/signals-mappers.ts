import { isJson } from '../json-value.ts';
import { timeframeOfText } from '../timeframe-text.ts';
import type { LegacyRow } from './legacy-row.ts';
import { RowProblem } from './row-problem.ts';
import { sideOfText } from './side-of-text.ts';
import { type StoreMapper, storeMapper } from './store-mapper.ts';

const SIGNALS = { store: 'signals', hasAttributes: true, eventKey: 'key' } as const;
/** Rows of an instrument at a time. */
const TIMED = {
  ...SIGNALS,
  required: ['key', 'time'],
  times: ['time'],
  eventTimes: ['time'],
} as const;
/** Rows of an instrument that may name a candle. */
const OF_CANDLE = { ...SIGNALS, eventTimes: ['candle'], detailTimes: ['candle'] } as const;
/** Generation 2 has `symbol` alone; generation 1 has the name of the stock there, and the key beside it. */
const KEY: readonly string[] = ['instrument_key', 'symbol'];
const TIME: readonly string[] = ['timestamp', 'ts'];

type SignalRole =
  | 'id'
  | 'strategy'
  | 'key'
  | 'type'
  | 'side'
  | 'price'
  | 'confidence'
  | 'candle'
  | 'status'
  | 'createdAt'
  | 'updatedAt';

export const signals: StoreMapper = storeMapper<SignalRole>({
  ...OF_CANDLE,
  target: 'signals.signals',
  order: 1,
  aliases: {
    id: ['signal_id', 'id'],
    strategy: ['strategy_id', 'strategy', 'strategy_name'],
    key: KEY,
    type: ['signal_type', 'type'],
    side: ['side', 'direction'],
    price: ['entry_price', 'price'],
    confidence: ['confidence'],
    candle: ['bar_ts', 'candle_ts', 'timestamp', 'ts'],
    status: ['status'],
    createdAt: ['created_at'],
    updatedAt: ['updated_at'],
  },
  required: ['id', 'key', 'type'],
  times: ['candle', 'createdAt', 'updatedAt'],
  map: (row) => {
    const signalId = row.needKey('id');
    const { exchange, symbol } = row.needInstrument('key');
    const type = row.needText('type');
    const candle = row.detail('candle', symbol);
    const created = row.record('createdAt') ?? candle;
    if (created === null) throw new RowProblem('time_missing');
    const side = sideOfText(row.text('side')) ?? sideOfText(type);
    if (row.filled('side') !== undefined && sideOfText(row.text('side')) === undefined)
      row.keep('side');
    return {
      row: {
        table: 'signals',
        values: {
          signal_id: signalId,
          strategy_id: row.filled('strategy') ?? 'unknown',
          exchange,
          symbol,
          signal_type: type,
          side: side ?? null,
          price: row.real('price'),
          confidence: row.real('confidence'),
          candle_ts: candle,
          status: row.filled('status')?.trim().toLowerCase() ?? 'unknown',
          created_at: created,
          updated_at: row.record('updatedAt') ?? created,
          attributes: row.attributes(),
        },
      },
    };
  },
});

/** Scans of generation 1: which filters a stock passed. */
export const scannerSignals: StoreMapper = storeMapper({
  ...TIMED,
  target: 'signals.scanner_results',
  order: 2,
  aliases: {
    key: KEY,
    time: TIME,
    score: ['signal_strength', 'score'],
  },
  map: (row) => {
    const { exchange, symbol } = row.needInstrument('key');
    return {
      row: {
        table: 'scanner_results',
        values: {
          scan: 'scanner_signals',
          ts: row.needEvent('time', symbol),
          exchange,
          symbol,
          rank: null,
          score: row.real('score'),
          attributes: row.attributes(),
        },
      },
    };
  },
});

type InsightRole =
  | 'key'
  | 'time'
  | 'timeframe'
  | 'bias'
  | 'confidence'
  | 'agreement'
  | 'signal'
  | 'insightSignal'
  | 'states';

export const confluenceInsights: StoreMapper = storeMapper<InsightRole>({
  ...TIMED,
  target: 'signals.confluence_insights',
  order: 3,
  aliases: {
    key: KEY,
    time: TIME,
    timeframe: ['timeframe'],
    bias: ['bias'],
    confidence: ['confidence'],
    agreement: ['agreement_level'],
    signal: ['signal'],
    insightSignal: ['insight_signal'],
    states: ['indicator_states'],
  },
  map: (row) => {
    const { exchange, symbol } = row.needInstrument('key');
    const ts = row.needEvent('time', symbol);
    const [signal, insight] = [row.filled('signal'), row.filled('insightSignal')];
    if (signal !== undefined && insight !== undefined && signal !== insight)
      row.keep('insightSignal', 'insight_signal');
    return {
      row: {
        table: 'confluence_insights',
        values: {
          exchange,
          symbol,
          ts,
          timeframe: row.filled('timeframe') ?? '',
          bias: row.text('bias') ?? null,
          confidence: row.real('confidence'),
          agreement_level: row.real('agreement'),
          signal: signal ?? insight ?? null,
          indicator_states: jsonOf(row),
          attributes: row.attributes(),
        },
      },
    };
  },
});

/** What is no JSON (a Python dict, bare NaN) is kept as text among the attributes. */
function jsonOf(row: LegacyRow<InsightRole>): string | null {
  const text = row.text('states');
  if (text === undefined) return null;
  if (isJson(text)) return text;
  row.keep('states', 'indicator_states');
  return null;
}

type RegimeRole =
  | 'id'
  | 'key'
  | 'time'
  | 'regime'
  | 'momentum'
  | 'trend'
  | 'volatility'
  | 'persistence'
  | 'fast'
  | 'medium'
  | 'slow';

export const regimeInsights: StoreMapper = storeMapper<RegimeRole>({
  ...TIMED,
  target: 'signals.regime_insights',
  order: 4,
  aliases: {
    id: ['insight_id', 'id'],
    key: KEY,
    time: TIME,
    regime: ['regime'],
    momentum: ['momentum_bias'],
    trend: ['trend_strength'],
    volatility: ['volatility_level'],
    persistence: ['persistence_score'],
    fast: ['ma_fast'],
    medium: ['ma_medium'],
    slow: ['ma_slow'],
  },
  required: ['key', 'time', 'regime'],
  map: (row) => {
    const { exchange, symbol } = row.needInstrument('key');
    const ts = row.needEvent('time', symbol);
    return {
      row: {
        table: 'regime_insights',
        values: {
          // The key of the old table was (symbol, timestamp); an id that is missing is made from it.
          insight_id: row.filled('id') ?? `${exchange}/${symbol}/${ts}`,
          exchange,
          symbol,
          ts,
          regime: row.needText('regime'),
          momentum_bias: row.text('momentum') ?? null,
          trend_strength: row.real('trend'),
          volatility_level: row.text('volatility') ?? null,
          persistence_score: row.real('persistence'),
          ma_fast: row.real('fast'),
          ma_medium: row.real('medium'),
          ma_slow: row.real('slow'),
          attributes: row.attributes(),
        },
      },
    };
  },
});

/** With its old `updated_at`, so that a reader sees how stale it is. */
export const runnerState: StoreMapper = storeMapper({
  ...OF_CANDLE,
  target: 'signals.runner_state',
  order: 5,
  aliases: {
    key: KEY,
    strategy: ['strategy_id', 'strategy'],
    timeframe: ['timeframe'],
    bias: ['current_bias'],
    state: ['signal_state'],
    confidence: ['confidence'],
    candle: ['last_bar_ts', 'last_candle_ts'],
    status: ['status'],
    updatedAt: ['updated_at'],
  },
  required: ['key', 'strategy'],
  times: ['candle', 'updatedAt'],
  map: (row) => {
    const { exchange, symbol } = row.needInstrument('key');
    const timeframe = row.filled('timeframe') ?? '1m';
    return {
      row: {
        table: 'runner_state',
        values: {
          strategy_id: row.needKey('strategy'),
          exchange,
          symbol,
          timeframe: timeframeOfText(timeframe) ?? timeframe,
          current_bias: row.text('bias') ?? null,
          signal_state: row.text('state') ?? null,
          confidence: row.real('confidence'),
          last_candle_ts: row.detail('candle', symbol),
          status: row.filled('status')?.trim().toLowerCase() ?? 'unknown',
          updated_at: row.record('updatedAt') ?? 0n,
          attributes: row.attributes(),
        },
      },
    };
  },
});
