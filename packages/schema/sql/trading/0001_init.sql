-- Orders must never be lost. Money and quantities are exact decimals kept as TEXT ('167.42'); times are ns UTC.
CREATE TABLE orders (
  client_order_id   TEXT PRIMARY KEY,
  exchange          TEXT NOT NULL,
  symbol            TEXT NOT NULL,
  side              TEXT NOT NULL CHECK (side IN ('buy', 'sell')),
  type              TEXT NOT NULL CHECK (type IN ('market', 'limit', 'stop', 'stop_limit')),
  time_in_force     TEXT NOT NULL CHECK (time_in_force IN ('day', 'gtc', 'ioc', 'fok')),
  quantity          TEXT NOT NULL,
  limit_price       TEXT,
  stop_price        TEXT,
  filled_quantity   TEXT NOT NULL DEFAULT '0',
  state             TEXT NOT NULL CHECK (state IN ('new', 'submitted', 'accepted', 'partially_filled', 'filled', 'cancelled', 'rejected', 'expired')),
  exchange_order_id TEXT,
  strategy_id       TEXT,
  signal_id         TEXT,
  reason            TEXT,
  created_at        INTEGER NOT NULL,
  updated_at        INTEGER NOT NULL,
  attributes        TEXT CHECK (attributes IS NULL OR json_valid(attributes))
) STRICT;
CREATE INDEX orders_by_state ON orders (state, created_at);
CREATE INDEX orders_by_signal ON orders (signal_id) WHERE signal_id IS NOT NULL;

-- Fills. The exchange's trade id is the key, so that a fill told twice is stored once.
CREATE TABLE trades (
  exchange        TEXT NOT NULL,
  trade_id        TEXT NOT NULL,
  client_order_id TEXT REFERENCES orders (client_order_id),
  symbol          TEXT NOT NULL,
  side            TEXT NOT NULL CHECK (side IN ('buy', 'sell')),
  quantity        TEXT NOT NULL,
  price           TEXT NOT NULL,
  fee             TEXT NOT NULL DEFAULT '0',
  strategy_id     TEXT,
  signal_id       TEXT,
  ts              INTEGER NOT NULL,
  recorded_at     INTEGER NOT NULL,
  attributes      TEXT CHECK (attributes IS NULL OR json_valid(attributes)),
  PRIMARY KEY (exchange, trade_id)
) STRICT;
CREATE INDEX trades_by_symbol ON trades (exchange, symbol, ts);
CREATE INDEX trades_by_order ON trades (client_order_id) WHERE client_order_id IS NOT NULL;

-- Updated in the transaction of the fill. cost = what the open quantity was bought for (negative when short).
CREATE TABLE positions (
  exchange      TEXT NOT NULL,
  symbol        TEXT NOT NULL,
  strategy_id   TEXT NOT NULL DEFAULT '',
  quantity      TEXT NOT NULL,              -- negative when short
  cost          TEXT NOT NULL,
  realised_pnl  TEXT NOT NULL,              -- before fees
  fees          TEXT NOT NULL,
  last_trade_id TEXT,
  updated_at    INTEGER NOT NULL,
  attributes    TEXT CHECK (attributes IS NULL OR json_valid(attributes)),
  PRIMARY KEY (exchange, symbol, strategy_id)
) STRICT;

CREATE TABLE execution_log (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  ts              INTEGER NOT NULL,
  client_order_id TEXT,
  event           TEXT NOT NULL,
  detail          TEXT CHECK (detail IS NULL OR json_valid(detail))
) STRICT;
CREATE INDEX execution_log_by_order ON execution_log (client_order_id, id) WHERE client_order_id IS NOT NULL;
