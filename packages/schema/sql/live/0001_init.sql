-- Today's data of one exchange: counters, the hot tail as BLOB batches, and the list of sealed segments.
CREATE TABLE counters (
  id              INTEGER PRIMARY KEY CHECK (id = 1),
  next_seq        INTEGER NOT NULL,         -- the seq of the next tick: one counter per exchange, no gap
  catalog_version INTEGER NOT NULL,         -- grows when a segment or a day comes or goes
  candle_version  INTEGER NOT NULL,         -- grows with each commit that changes candles; ticks and candles share it
  symbol_count    INTEGER NOT NULL,         -- rows of symbols: they only grow
  heartbeat_ns    INTEGER NOT NULL,
  dup_rows        INTEGER NOT NULL,
  late_rows       INTEGER NOT NULL,
  rejected_rows   INTEGER NOT NULL,
  dropped_rows    INTEGER NOT NULL
) STRICT;
INSERT INTO counters VALUES (1, 1, 0, 0, 0, 0, 0, 0, 0, 0);

CREATE TABLE symbols (
  sid    INTEGER PRIMARY KEY,
  symbol TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE sources (
  source          TEXT PRIMARY KEY,
  last_source_seq INTEGER NOT NULL,
  dup_rows        INTEGER NOT NULL DEFAULT 0,
  gap_rows        INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- When a feed was connected: a minute without ticks inside is no trade, outside it is a gap.
CREATE TABLE coverage (
  source  TEXT NOT NULL,
  from_ns INTEGER NOT NULL,
  to_ns   INTEGER NOT NULL,
  PRIMARY KEY (source, from_ns)
) STRICT, WITHOUT ROWID;

CREATE TABLE tail (
  first_seq    INTEGER PRIMARY KEY,
  last_seq     INTEGER NOT NULL,
  trading_date TEXT NOT NULL,
  rows         INTEGER NOT NULL,
  min_ts       INTEGER NOT NULL,
  max_ts       INTEGER NOT NULL,
  codec        INTEGER NOT NULL,
  crc32        INTEGER NOT NULL,
  data         BLOB NOT NULL
) STRICT;

-- What arrived after the freeze of its trading date: durable, counted, waiting for a correction.
CREATE TABLE late (
  first_seq    INTEGER PRIMARY KEY,
  last_seq     INTEGER NOT NULL,
  trading_date TEXT NOT NULL,
  rows         INTEGER NOT NULL,
  min_ts       INTEGER NOT NULL,
  max_ts       INTEGER NOT NULL,
  codec        INTEGER NOT NULL,
  crc32        INTEGER NOT NULL,
  data         BLOB NOT NULL
) STRICT;

CREATE TABLE segments (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  path         TEXT NOT NULL UNIQUE,        -- relative to the folder of live.db; a name is never used again
  trading_date TEXT NOT NULL,
  first_seq    INTEGER NOT NULL,
  last_seq     INTEGER NOT NULL,
  rows         INTEGER NOT NULL,
  min_ts       INTEGER NOT NULL,
  max_ts       INTEGER NOT NULL,
  size_bytes   INTEGER NOT NULL,
  sha256       TEXT NOT NULL
) STRICT;

-- The candle of each symbol that still takes ticks. Ticks are folded in the order of seq; first and last (ts, seq) tell
-- which of them gives open and close, so that a tick that comes late changes a candle exactly, without its other ticks.
CREATE TABLE forming (
  sid          INTEGER PRIMARY KEY,
  ts           INTEGER NOT NULL,            -- START of the minute
  trading_date TEXT NOT NULL,
  open         REAL NOT NULL,
  high         REAL NOT NULL,
  low          REAL NOT NULL,
  close        REAL NOT NULL,
  volume       REAL NOT NULL,
  first_ts     INTEGER NOT NULL,
  first_seq    INTEGER NOT NULL,
  last_ts      INTEGER NOT NULL,
  last_seq     INTEGER NOT NULL,
  version      INTEGER NOT NULL             -- candle_version of the last change
) STRICT;

-- The newest sealed tick of each symbol, so that the latest price is known without opening a segment.
CREATE TABLE latest (
  sid          INTEGER PRIMARY KEY,
  trading_date TEXT NOT NULL,
  ts           INTEGER NOT NULL,
  seq          INTEGER NOT NULL,
  price        REAL NOT NULL,
  volume       REAL NOT NULL,
  bid          REAL,                        -- NULL: the feed gave none
  ask          REAL
) STRICT;

CREATE TABLE candles (
  sid          INTEGER NOT NULL,
  ts           INTEGER NOT NULL,
  trading_date TEXT NOT NULL,
  open         REAL NOT NULL,
  high         REAL NOT NULL,
  low          REAL NOT NULL,
  close        REAL NOT NULL,
  volume       REAL NOT NULL,
  state        TEXT NOT NULL CHECK (state IN ('closed', 'revised')),
  origin       TEXT NOT NULL CHECK (origin IN ('ticks', 'supplied')),
  revision     INTEGER NOT NULL,
  first_ts     INTEGER,                     -- as in forming; NULL for supplied candles
  first_seq    INTEGER,
  last_ts      INTEGER,
  last_seq     INTEGER,
  version      INTEGER NOT NULL,            -- candle_version of the last change: readers ask for what is new
  PRIMARY KEY (sid, ts)
) STRICT, WITHOUT ROWID;
CREATE INDEX candles_version ON candles (version);

-- A cleared date is remembered: what still comes for it is late, and never opens the date again.
CREATE TABLE days (
  trading_date TEXT PRIMARY KEY,
  state        TEXT NOT NULL CHECK (state IN ('open', 'frozen', 'cleared')),
  frozen_seq   INTEGER                      -- rows of this date with seq <= frozen_seq belong to the day file
) STRICT, WITHOUT ROWID;

CREATE TABLE garbage (
  path            TEXT PRIMARY KEY,
  delete_after_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
