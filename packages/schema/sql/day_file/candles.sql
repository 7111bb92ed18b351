-- Inside a day file (DuckDB), run after USE, with unqualified names: a qualified name fails under another alias.
CREATE TABLE symbols (sid INTEGER NOT NULL, symbol VARCHAR NOT NULL, rows BIGINT NOT NULL, first_ts TIMESTAMP_NS NOT NULL, last_ts TIMESTAMP_NS NOT NULL);
CREATE TABLE coverage (source VARCHAR NOT NULL, from_ts TIMESTAMP_NS NOT NULL, to_ts TIMESTAMP_NS NOT NULL);
CREATE TABLE metadata (
  exchange VARCHAR NOT NULL, kind VARCHAR NOT NULL, timeframe VARCHAR NOT NULL, trading_date VARCHAR NOT NULL, revision INTEGER NOT NULL,
  schema_version VARCHAR NOT NULL, source_fingerprint VARCHAR NOT NULL, writer_version VARCHAR NOT NULL, duckdb_version VARCHAR NOT NULL
);
CREATE TABLE data (
  sid INTEGER NOT NULL, ts TIMESTAMP_NS NOT NULL, open DOUBLE NOT NULL, high DOUBLE NOT NULL, low DOUBLE NOT NULL, close DOUBLE NOT NULL, volume DOUBLE NOT NULL
);
CREATE VIEW candles AS
SELECT s.symbol, d.ts, d.open, d.high, d.low, d.close, d.volume FROM data d JOIN symbols s USING (sid);
