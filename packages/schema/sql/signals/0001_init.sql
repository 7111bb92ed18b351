-- What strategies think. Can be recomputed; times are ns UTC.
CREATE TABLE signals (
  signal_id   TEXT PRIMARY KEY,
  strategy_id TEXT NOT NULL,
  exchange    TEXT NOT NULL,
  symbol      TEXT NOT NULL,
  signal_type TEXT NOT NULL,
  side        TEXT CHECK (side IN ('buy', 'sell')),
  price       REAL,
  confidence  REAL,
  candle_ts   INTEGER,                      -- START of the candle that gave it
  status      TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL,
  attributes  TEXT CHECK (attributes IS NULL OR json_valid(attributes))
) STRICT;
CREATE INDEX signals_by_symbol ON signals (exchange, symbol, created_at);
CREATE INDEX signals_by_status ON signals (status, created_at);

CREATE TABLE confluence_insights (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,
  exchange         TEXT NOT NULL,
  symbol           TEXT NOT NULL,
  ts               INTEGER NOT NULL,
  timeframe        TEXT NOT NULL DEFAULT '',
  bias             TEXT,
  confidence       REAL,
  agreement_level  REAL,
  signal           TEXT,
  indicator_states TEXT CHECK (indicator_states IS NULL OR json_valid(indicator_states)),
  attributes       TEXT CHECK (attributes IS NULL OR json_valid(attributes)),
  UNIQUE (exchange, symbol, timeframe, ts)
) STRICT;

CREATE TABLE regime_insights (
  insight_id        TEXT PRIMARY KEY,
  exchange          TEXT NOT NULL,
  symbol            TEXT NOT NULL,
  ts                INTEGER NOT NULL,
  regime            TEXT NOT NULL,
  momentum_bias     TEXT,
  trend_strength    REAL,
  volatility_level  TEXT,
  persistence_score REAL,
  ma_fast           REAL,
  ma_medium         REAL,
  ma_slow           REAL,
  attributes        TEXT CHECK (attributes IS NULL OR json_valid(attributes))
) STRICT;
CREATE INDEX regime_insights_by_symbol ON regime_insights (exchange, symbol, ts);

CREATE TABLE scanner_results (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  scan       TEXT NOT NULL,
  ts         INTEGER NOT NULL,
  exchange   TEXT NOT NULL,
  symbol     TEXT NOT NULL,
  rank       INTEGER,
  score      REAL,
  attributes TEXT CHECK (attributes IS NULL OR json_valid(attributes)),
  UNIQUE (scan, ts, exchange, symbol)
) STRICT;

-- What each runner last knew, written by the runner; updated_at says how stale it is.
CREATE TABLE runner_state (
  strategy_id    TEXT NOT NULL,
  exchange       TEXT NOT NULL,
  symbol         TEXT NOT NULL,
  timeframe      TEXT NOT NULL,
  current_bias   TEXT,
  signal_state   TEXT,
  confidence     REAL,
  last_candle_ts INTEGER,
  status         TEXT NOT NULL,
  updated_at     INTEGER NOT NULL,
  attributes     TEXT CHECK (attributes IS NULL OR json_valid(attributes)),
  PRIMARY KEY (strategy_id, exchange, symbol, timeframe)
) STRICT, WITHOUT ROWID;
