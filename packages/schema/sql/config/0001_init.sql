-- What people decide: users, watchlists, instruments, settings, corporate actions. Times are ns UTC.
CREATE TABLE settings (
  key        TEXT PRIMARY KEY,
  value      TEXT NOT NULL CHECK (json_valid(value)),
  updated_at INTEGER NOT NULL,
  updated_by TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
  username      TEXT PRIMARY KEY,
  password_hash TEXT,
  created_at    INTEGER NOT NULL,
  attributes    TEXT CHECK (attributes IS NULL OR json_valid(attributes))
) STRICT;

CREATE TABLE roles (
  role_name   TEXT PRIMARY KEY,
  permissions TEXT CHECK (permissions IS NULL OR json_valid(permissions))
) STRICT;

CREATE TABLE user_roles (
  username  TEXT NOT NULL REFERENCES users (username),
  role_name TEXT NOT NULL REFERENCES roles (role_name),
  PRIMARY KEY (username, role_name)
) STRICT, WITHOUT ROWID;

CREATE TABLE instruments (
  exchange        TEXT NOT NULL,
  symbol          TEXT NOT NULL,            -- the instrument key
  trading_symbol  TEXT,
  name            TEXT,
  segment         TEXT,
  instrument_type TEXT,
  lot_size        INTEGER,
  tick_size       TEXT,                     -- exact decimal, in the exchange's currency
  expiry          TEXT,                     -- trading date
  strike          TEXT,
  option_type     TEXT,
  listed_from     TEXT,                     -- trading date, NULL = unknown
  listed_to       TEXT,                     -- trading date, exclusive, NULL = still listed
  is_active       INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER NOT NULL,
  attributes      TEXT CHECK (attributes IS NULL OR json_valid(attributes)),
  PRIMARY KEY (exchange, symbol)
) STRICT, WITHOUT ROWID;
CREATE INDEX instruments_by_trading_symbol ON instruments (trading_symbol) WHERE trading_symbol IS NOT NULL;

-- Named sets of instruments: an F&O list, a stock universe.
CREATE TABLE instrument_groups (
  group_name TEXT NOT NULL,
  exchange   TEXT NOT NULL,
  symbol     TEXT NOT NULL,
  added_at   INTEGER NOT NULL,
  is_active  INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
  attributes TEXT CHECK (attributes IS NULL OR json_valid(attributes)),
  PRIMARY KEY (group_name, exchange, symbol)
) STRICT, WITHOUT ROWID;

CREATE TABLE watchlists (
  username       TEXT NOT NULL,
  watchlist      TEXT NOT NULL DEFAULT 'default',
  exchange       TEXT NOT NULL,
  symbol         TEXT NOT NULL,
  trading_symbol TEXT,
  market_type    TEXT,
  added_at       INTEGER NOT NULL,
  attributes     TEXT CHECK (attributes IS NULL OR json_valid(attributes)),
  PRIMARY KEY (username, watchlist, exchange, symbol)
) STRICT, WITHOUT ROWID;

-- Which runners should run; what they last knew is signals.runner_state, written by the scanner.
CREATE TABLE runners (
  strategy_id TEXT NOT NULL,
  exchange    TEXT NOT NULL,
  symbol      TEXT NOT NULL,
  timeframe   TEXT NOT NULL,
  is_enabled  INTEGER NOT NULL CHECK (is_enabled IN (0, 1)),
  parameters  TEXT CHECK (parameters IS NULL OR json_valid(parameters)),
  updated_at  INTEGER NOT NULL,
  PRIMARY KEY (strategy_id, exchange, symbol, timeframe)
) STRICT, WITHOUT ROWID;

CREATE TABLE download_jobs (
  job_id     TEXT PRIMARY KEY,
  exchange   TEXT NOT NULL,
  symbol     TEXT NOT NULL,
  kind       TEXT NOT NULL CHECK (kind IN ('ticks', 'candles')),
  timeframe  TEXT NOT NULL,
  from_date  TEXT NOT NULL,
  to_date    TEXT NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
  rows       INTEGER NOT NULL DEFAULT 0,
  error      TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- Corporate actions. Raw data stay raw; a factor multiplies the prices BEFORE ex_date. The newest known_at counts.
CREATE TABLE actions (
  exchange   TEXT NOT NULL,
  symbol     TEXT NOT NULL,
  ex_date    TEXT NOT NULL,
  kind       TEXT NOT NULL CHECK (kind IN ('split', 'dividend')),
  factor     REAL NOT NULL CHECK (factor > 0),
  known_at   INTEGER NOT NULL,
  attributes TEXT CHECK (attributes IS NULL OR json_valid(attributes)),
  PRIMARY KEY (exchange, symbol, ex_date, kind, known_at)
) STRICT, WITHOUT ROWID;

-- From from_date on, old_symbol trades as new_symbol. The newest known_at counts; the same symbol twice withdraws it.
CREATE TABLE renames (
  exchange   TEXT NOT NULL,
  old_symbol TEXT NOT NULL,
  new_symbol TEXT NOT NULL,
  from_date  TEXT NOT NULL,
  known_at   INTEGER NOT NULL,
  PRIMARY KEY (exchange, old_symbol, from_date, known_at)
) STRICT, WITHOUT ROWID;
