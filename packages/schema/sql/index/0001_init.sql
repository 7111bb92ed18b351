-- The central index of backtest runs. The run itself is one DuckDB file, written by its runner alone.
CREATE TABLE runs (
  run_id      TEXT PRIMARY KEY,
  strategy_id TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  exchange    TEXT NOT NULL,
  symbols     TEXT NOT NULL CHECK (json_valid(symbols)),
  timeframe   TEXT NOT NULL,
  from_ns     INTEGER NOT NULL,
  to_ns       INTEGER NOT NULL,
  parameters  TEXT NOT NULL CHECK (json_valid(parameters)),
  seed        INTEGER NOT NULL,
  fingerprint TEXT,                         -- over strategy, parameters, range and the sha256 of every day file read
  path        TEXT NOT NULL,                -- relative to the data root
  sha256      TEXT,
  metrics     TEXT CHECK (metrics IS NULL OR json_valid(metrics)),
  error       TEXT,
  started_at  INTEGER NOT NULL,
  finished_at INTEGER,
  sweep_id    TEXT,
  pid         INTEGER,                      -- of the runner while state is 'running'
  attributes  TEXT CHECK (attributes IS NULL OR json_valid(attributes))
) STRICT;
CREATE INDEX runs_by_strategy ON runs (strategy_id, started_at);
CREATE INDEX runs_by_state ON runs (state, started_at);

-- Which day files a run read, so that a correction can name the runs it made stale.
CREATE TABLE run_inputs (
  run_id       TEXT NOT NULL REFERENCES runs (run_id),
  path         TEXT NOT NULL,
  sha256       TEXT NOT NULL,
  trading_date TEXT NOT NULL,
  revision     INTEGER NOT NULL,
  PRIMARY KEY (run_id, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_inputs_by_path ON run_inputs (path);
