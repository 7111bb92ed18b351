-- The catalogue of published day files. A file exists for readers when, and only when, it has a row here.
CREATE TABLE version (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  n  INTEGER NOT NULL                       -- grows by one with each publication
) STRICT;
INSERT INTO version (id, n) VALUES (1, 0);

-- Global and append-only: a sid is born here first, then in live.db.
CREATE TABLE symbols (
  sid        INTEGER PRIMARY KEY,
  exchange   TEXT NOT NULL,
  symbol     TEXT NOT NULL,
  first_date TEXT NOT NULL,
  UNIQUE (exchange, symbol)
) STRICT;

-- Append-only. hash = sha256 over prev_hash and the other columns, so that a record cannot be changed unnoticed.
CREATE TABLE corrections (
  id           INTEGER PRIMARY KEY,
  prev_hash    TEXT NOT NULL,
  hash         TEXT NOT NULL,
  at           INTEGER NOT NULL,            -- ns UTC
  who          TEXT NOT NULL,
  why          TEXT NOT NULL,
  exchange     TEXT NOT NULL,
  trading_date TEXT NOT NULL,
  rows_added   INTEGER NOT NULL,
  rows_removed INTEGER NOT NULL,
  rows_changed INTEGER NOT NULL
) STRICT;

CREATE TABLE files (
  exchange           TEXT NOT NULL,
  kind               TEXT NOT NULL CHECK (kind IN ('ticks', 'candles')),
  timeframe          TEXT NOT NULL,         -- '' for ticks
  trading_date       TEXT NOT NULL,
  revision           INTEGER NOT NULL CHECK (revision >= 1),
  path               TEXT NOT NULL UNIQUE,  -- relative to the data root
  tier               TEXT NOT NULL DEFAULT 'hot' CHECK (tier IN ('hot', 'archive', 'pruned')), -- pruned: the file is gone by rule, the record stays
  rows               INTEGER NOT NULL,
  symbols            INTEGER NOT NULL,
  min_ts             INTEGER,               -- ns UTC; NULL in an empty file
  max_ts             INTEGER,
  size_bytes         INTEGER NOT NULL,
  sha256             TEXT NOT NULL,
  content_hash       TEXT NOT NULL,         -- multiset hash of the rows; compare within one DuckDB version
  schema_version     TEXT NOT NULL,
  source_fingerprint TEXT NOT NULL,         -- what it was built from
  writer_version     TEXT NOT NULL,
  duckdb_version     TEXT NOT NULL,
  version            INTEGER NOT NULL,      -- the manifest version that published it
  changed_in         INTEGER NOT NULL,      -- the manifest version that last changed this row
  published_at       INTEGER NOT NULL,      -- ns UTC, rising with version
  correction_id      INTEGER REFERENCES corrections (id),
  PRIMARY KEY (exchange, kind, timeframe, trading_date, revision)
) STRICT, WITHOUT ROWID;
CREATE INDEX files_by_change ON files (changed_in);

-- Derived from day files; used only while inputs_digest equals that of the chosen day revisions.
CREATE TABLE months (
  exchange      TEXT NOT NULL,
  timeframe     TEXT NOT NULL,
  month         TEXT NOT NULL,
  path          TEXT NOT NULL UNIQUE,       -- its name carries the digest: a name never has two contents
  rows          INTEGER NOT NULL,
  symbols       INTEGER NOT NULL,
  min_ts        INTEGER NOT NULL,
  max_ts        INTEGER NOT NULL,
  size_bytes    INTEGER NOT NULL,
  sha256        TEXT NOT NULL,
  inputs_digest TEXT NOT NULL,
  version       INTEGER NOT NULL,
  PRIMARY KEY (exchange, timeframe, month)
) STRICT, WITHOUT ROWID;

-- sha256 checks that need not be repeated while the identity of the file is the same.
CREATE TABLE verified (
  path     TEXT PRIMARY KEY,
  dev      INTEGER NOT NULL,
  ino      INTEGER NOT NULL,
  size     INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  ctime_ns INTEGER NOT NULL,
  sha256   TEXT NOT NULL,
  at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Files to unlink later: readers may still hold them.
CREATE TABLE garbage (
  path            TEXT PRIMARY KEY,
  delete_after_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
