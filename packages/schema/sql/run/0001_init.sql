-- One backtest run (DuckDB), written by its runner alone, read-only once finished.
CREATE TABLE metadata (key VARCHAR NOT NULL, value VARCHAR NOT NULL);
CREATE TABLE parameters (name VARCHAR NOT NULL, value VARCHAR NOT NULL);
CREATE TABLE orders (
  order_id    BIGINT NOT NULL,
  ts          TIMESTAMP_NS NOT NULL,
  symbol      VARCHAR NOT NULL,
  side        VARCHAR NOT NULL,
  type        VARCHAR NOT NULL,
  quantity    DOUBLE NOT NULL,
  limit_price DOUBLE,
  stop_price  DOUBLE,
  state       VARCHAR NOT NULL,
  fill_ts     TIMESTAMP_NS,
  fill_price  DOUBLE,
  fee         DOUBLE NOT NULL,
  reason      VARCHAR
);
CREATE TABLE trades (
  trade_id    BIGINT NOT NULL,
  symbol      VARCHAR NOT NULL,
  side        VARCHAR NOT NULL,             -- 'long' or 'short'
  quantity    DOUBLE NOT NULL,
  entry_ts    TIMESTAMP_NS NOT NULL,
  entry_price DOUBLE NOT NULL,
  exit_ts     TIMESTAMP_NS NOT NULL,
  exit_price  DOUBLE NOT NULL,
  fees        DOUBLE NOT NULL,
  pnl         DOUBLE NOT NULL,              -- after fees
  attributes  VARCHAR
);
CREATE TABLE positions (                    -- open when the run ended
  symbol         VARCHAR NOT NULL,
  quantity       DOUBLE NOT NULL,           -- negative when short
  average_price  DOUBLE NOT NULL,
  market_price   DOUBLE NOT NULL,
  unrealised_pnl DOUBLE NOT NULL,           -- before fees
  fees           DOUBLE NOT NULL
);
CREATE TABLE equity (
  ts       TIMESTAMP_NS NOT NULL,
  equity   DOUBLE NOT NULL,
  cash     DOUBLE NOT NULL,
  drawdown DOUBLE NOT NULL                  -- fraction below the highest equity so far, <= 0
);
CREATE TABLE metrics (name VARCHAR NOT NULL, value DOUBLE, convention VARCHAR NOT NULL);
CREATE TABLE fingerprint (path VARCHAR NOT NULL, sha256 VARCHAR NOT NULL, trading_date VARCHAR NOT NULL, revision INTEGER NOT NULL);
