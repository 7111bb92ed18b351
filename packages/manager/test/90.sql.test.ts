import { existsSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DatabaseManager, isManagerError, type SqlOptions } from '@tb/manager';
import { DuckEngine } from '../src/market/duck-engine.ts';
import { shutOff } from '../src/sql/sql-instance.ts';
import { D1, D2, ingest, MINUTES, TICKS } from './live-days.ts';
import { read } from './market-rows.ts';
import { clear, freeze, publishLive } from './rollover.ts';
import { dataRoot } from './roots.ts';

type Root = Awaited<ReturnType<typeof dataRoot>>;
let root: Root;
let reader: DatabaseManager<'reader'>;
let manager: DatabaseManager<'ingestor'>;

/** One date published, the next one live. */
beforeAll(async () => {
  root = await dataRoot('sql');
  manager = await DatabaseManager.open({ root: root.path, role: 'ingestor', exchanges: ['nse'] });
  await ingest(manager, D1, 3_000);
  const frozen = await freeze(manager, 'nse', D1);
  const day = await publishLive(manager, 'nse', D1, frozen);
  await clear(manager, 'nse', D1, frozen, day);
  await ingest(manager, D2, 1_500);
  reader = await DatabaseManager.open({ root: root.path, role: 'reader' });
});

afterAll(async () => {
  await reader.close();
  await manager.close();
  root.remove();
});

async function ask(sql: string, options?: SqlOptions, signal?: AbortSignal) {
  await using session = await reader.openSql(options);
  const result = await session.query(sql, signal);
  const rows: unknown[][] = [];
  for await (const chunk of result.chunks)
    for (let row = 0; row < chunk.rows; row++)
      rows.push(
        chunk.columns.map((column, index) =>
          chunk.valid[index]?.[row] === 0 ? null : column[row],
        ),
      );
  return { ...result, rows };
}

describe('the views', () => {
  test('ticks and candles have history and live, with text for exchange and symbol', async () => {
    const { rows, columns, watermark } = await ask(
      'SELECT exchange, symbol, ts, price, volume, bid, ask, seq FROM ticks ORDER BY seq',
    );
    expect(rows).toHaveLength(4_500);
    expect(rows.map((row) => row[7])).toEqual(
      Array.from({ length: 4_500 }, (_, index) => BigInt(index + 1)),
    );
    expect(new Set(rows.map((row) => row[0]))).toEqual(new Set(['nse']));
    expect(String(rows[0]?.[1])).toMatch(/^NSE_EQ\|TEST/);
    expect(columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'exchange VARCHAR',
      'symbol VARCHAR',
      'ts TIMESTAMP_NS',
      'price DOUBLE',
      'volume DOUBLE',
      'bid DOUBLE',
      'ask DOUBLE',
      'seq BIGINT',
    ]);
    expect(watermark).toEqual((await read(reader.marketData, TICKS)).watermark);
    const minutes = await ask('SELECT count(*)::INTEGER FROM candles_1m');
    expect(minutes.rows).toEqual([[(await read(reader.marketData, MINUTES)).rows.length]]);
  });

  test('wider candles of the live date are derived from its 1m candles, from the session open', async () => {
    for (const [view, minutes] of [
      ['candles_5m', 5],
      ['candles_15m', 15],
      ['candles_1h', 60],
    ] as const) {
      const open = `(CASE WHEN ts < TIMESTAMP_NS '${D2} 00:00:00' THEN epoch_ns(TIMESTAMP_NS '${D1} 03:45:00') ELSE epoch_ns(TIMESTAMP_NS '${D2} 03:45:00') END)`;
      const width = `${minutes}::BIGINT * 60000000000`;
      const start = `make_timestamp_ns(${open} + (epoch_ns(ts) - ${open}) // (${width}) * (${width}))`;
      const { rows } = await ask(`WITH expected AS (
          SELECT exchange, symbol, ${start} AS start, arg_min(open, ts) AS open, max(high) AS high, min(low) AS low,
            arg_max(close, ts) AS close, sum(volume ORDER BY ts) AS volume FROM candles_1m GROUP BY ALL)
        SELECT (SELECT count(*)::INTEGER FROM (FROM expected EXCEPT FROM ${view})),
          (SELECT count(*)::INTEGER FROM (FROM ${view} EXCEPT FROM expected)),
          (SELECT count(*)::INTEGER FROM ${view} WHERE ts >= TIMESTAMP_NS '${D2} 00:00:00') > 0,
          (SELECT count(*)::INTEGER FROM ${view} WHERE ts < TIMESTAMP_NS '${D2} 00:00:00') > 0`);
      expect([view, ...(rows[0] ?? [])]).toEqual([view, 0, 0, 1, 1]);
    }
  });

  test('joins, WITH, windows, VALUES, range, DESCRIBE and a query without a view', async () => {
    expect(
      (await ask('SELECT a.n + b.n AS n FROM (VALUES (1)) AS a(n), range(1, 2) AS b(n)')).rows,
    ).toEqual([[2n]]);
    expect((await ask('SELECT 1 AS one')).watermark).toBeNull();
    expect((await ask('DESCRIBE ticks')).rows).toHaveLength(8);
    expect(
      (await ask('WITH t AS (SELECT * FROM ticks LIMIT 3) SELECT count(*)::INTEGER FROM t;')).rows,
    ).toEqual([[3]]);
    expect(
      (
        await ask(
          'SELECT symbol, lag(close) OVER (PARTITION BY symbol ORDER BY ts) FROM CANDLES_1D',
        )
      ).rows.length,
    ).toBe(10);
  });

  test('a session sees what was committed before each query', async () => {
    await using session = await reader.openSql();
    expect(session.views).toEqual([
      'ticks',
      'candles_1m',
      'candles_5m',
      'candles_15m',
      'candles_1h',
      'candles_1d',
    ]);
    const seqOf = async (): Promise<unknown> => {
      const result = await session.query('SELECT max(seq) FROM ticks');
      for await (const chunk of result.chunks) return (chunk.columns[0] as BigInt64Array)[0];
      return undefined;
    };
    expect(await seqOf()).toBe(4_500n);
    expect(await seqOf()).toBe(4_500n);
  });
});

describe('what SQL cannot reach', () => {
  const secret = (): string => root.at('secret.csv');
  beforeAll(() => writeFileSync(secret(), 'password\nhunter2\n'));

  test.each<[string, () => string]>([
    ['read_csv', () => `SELECT * FROM read_csv('${secret()}')`],
    ['a quoted file name', () => `SELECT * FROM '${secret()}'`],
    ['read_text', () => `SELECT * FROM read_text('${secret()}')`],
    ['read_blob', () => `SELECT * FROM read_blob('${secret()}')`],
    ['glob', () => `SELECT * FROM glob('${root.path}/*')`],
    [
      'read_parquet of a published file',
      () => `SELECT * FROM read_parquet('${root.path}/x.parquet')`,
    ],
    [
      'read_duckdb',
      () => `SELECT * FROM read_duckdb('${root.path}/x.duckdb', table_name = 'data')`,
    ],
    ['sniff_csv', () => `SELECT * FROM sniff_csv('${secret()}')`],
    [
      'a file read inside a subquery',
      () => `SELECT (SELECT count(*) FROM read_text('${secret()}')) FROM ticks`,
    ],
    [
      'a file read inside WITH',
      () => `WITH x AS (SELECT * FROM read_text('${secret()}')) SELECT * FROM x`,
    ],
    [
      'a file read inside IN',
      () => `SELECT 1 WHERE 'a' IN (SELECT content FROM read_text('${secret()}'))`,
    ],
    [
      'a file read in ORDER BY',
      () => `SELECT 1 ORDER BY (SELECT content FROM read_text('${secret()}'))`,
    ],
    ['query()', () => `SELECT * FROM query('SELECT * FROM read_text(''${secret()}'')')`],
    ['query_table()', () => "SELECT * FROM query_table('ticks')"],
    ['COPY TO', () => `COPY (SELECT 1) TO '${root.path}/out.csv'`],
    ['COPY TO with a view', () => `COPY ticks TO '${root.path}/out.parquet'`],
    ['EXPORT DATABASE', () => `EXPORT DATABASE '${root.path}/out'`],
    ['ATTACH', () => `ATTACH '${root.path}/trading/trading.db' AS t (TYPE sqlite)`],
    ['DETACH', () => 'DETACH memory'],
    ['INSTALL', () => 'INSTALL httpfs'],
    ['LOAD', () => 'LOAD httpfs'],
    ['getenv', () => "SELECT getenv('HOME')"],
    ['current_setting', () => "SELECT current_setting('temp_directory')"],
    ['PRAGMA', () => "PRAGMA memory_limit='10GB'"],
    ['PRAGMA database_list', () => 'PRAGMA database_list'],
    ['SET', () => "SET memory_limit='10GB'"],
    ['RESET', () => 'RESET memory_limit'],
    ['CALL', () => 'CALL enable_logging()'],
    [
      'enable_logging as a table',
      () =>
        `SELECT * FROM enable_logging('QueryLog', storage = 'file', storage_path = '${root.path}/log')`,
    ],
    ['the settings', () => 'SELECT * FROM duckdb_settings()'],
    ['the list of databases, with their paths', () => 'SELECT * FROM duckdb_databases()'],
    ['the catalogue', () => 'SELECT * FROM information_schema.tables'],
    ['a table of the catalogue without a schema', () => 'SELECT * FROM sqlite_master'],
    ['an attached file by its name', () => 'SELECT * FROM f1.data'],
    ['the table of symbols', () => 'SELECT * FROM symbols_of_sids'],
    [
      'the settings behind a WITH name of another scope',
      () => 'SELECT * FROM duckdb_settings, (WITH duckdb_settings AS (SELECT 1) SELECT 1)',
    ],
    [
      'the settings inside a WITH clause of their name',
      () => 'WITH duckdb_settings AS (SELECT * FROM duckdb_settings) SELECT * FROM duckdb_settings',
    ],
    [
      'a WITH name before its clause',
      () => 'WITH a AS (SELECT * FROM duckdb_views), duckdb_views AS (SELECT 1) SELECT * FROM a',
    ],
    ['SHOW TABLES', () => 'SHOW TABLES'],
    ['INSERT', () => 'INSERT INTO ticks VALUES (1)'],
    ['CREATE TABLE', () => 'CREATE TABLE t AS SELECT 1'],
    ['DROP VIEW', () => 'DROP VIEW ticks'],
    ['UPDATE', () => 'UPDATE ticks SET price = 0'],
    ['DELETE', () => 'DELETE FROM ticks'],
    ['SET enable_external_access', () => 'SET enable_external_access = true'],
    ['SET behind a comment', () => '/* SELECT */ SET enable_external_access = true -- ticks'],
    ['a second statement behind a comment', () => 'SELECT 1 /* ; */ ; -- ;\nINSTALL httpfs'],
    ['a statement in a quote that ends', () => `SELECT '';COPY ticks TO '${root.path}/out.csv'--'`],
    ['a reader in capitals, with a comment', () => `SELECT * FROM READ_TEXT/**/('${secret()}')`],
    ['a reader in double quotes', () => `SELECT * FROM "read_text"('${secret()}')`],
    ['a reader by its full name', () => `SELECT * FROM system.main.read_text('${secret()}')`],
    ['a reader as a scalar', () => `SELECT read_text('${secret()}')`],
    ['a lateral reader', () => `SELECT * FROM ticks, LATERAL (FROM read_text('${secret()}'))`],
    ['a reader in HAVING', () => `SELECT 1 HAVING EXISTS (FROM glob('${root.path}/*'))`],
    ['a reader in a window', () => `SELECT sum((FROM read_text('${secret()}'))) OVER ()`],
    ['FROM alone', () => `FROM '${secret()}'`],
    ['a URL', () => "SELECT * FROM 'https://127.0.0.1/x.csv'"],
    ['PIVOT of a file', () => `PIVOT '${secret()}' ON password`],
    ['SUMMARIZE of a file', () => `SUMMARIZE '${secret()}'`],
    ['DESCRIBE of a file', () => `DESCRIBE SELECT * FROM '${secret()}'`],
    ['EXPLAIN ANALYZE', () => `EXPLAIN ANALYZE COPY ticks TO '${root.path}/out.csv'`],
    ['PREPARE', () => `PREPARE p AS COPY ticks TO '${root.path}/out.csv'`],
    ['EXECUTE', () => 'EXECUTE p'],
    ['CREATE MACRO', () => `CREATE MACRO m() AS TABLE FROM read_text('${secret()}')`],
    ['IMPORT DATABASE', () => `IMPORT DATABASE '${root.path}'`],
    ['CREATE SECRET', () => "CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')"],
    ['USE', () => 'USE memory'],
    ['two statements', () => 'SELECT 1; SELECT 2'],
    ['a statement behind a SELECT', () => `SELECT 1; COPY (SELECT 1) TO '${root.path}/out.csv'`],
    ['no statement', () => '-- nothing'],
    ['nonsense', () => 'SELEKT 1'],
    ['an unknown view', () => 'SELECT * FROM trades'],
    ['an unknown column', () => 'SELECT nothing FROM ticks'],
  ])('%s', async (_name, sql) => {
    await expect(ask(sql())).rejects.toMatchObject({ name: 'ManagerError', code: 'SQL_REFUSED' });
    for (const name of ['out.csv', 'out.parquet', 'out', 'log'])
      expect(existsSync(root.at(name))).toBe(false);
  });

  test('the second fence: what the views read by name is allowed, every other file is not', async () => {
    using other = await dataRoot('second-fence');
    const allowed = other.at('allowed.csv');
    writeFileSync(allowed, 'a\n1\n');
    await using engine = await shutOffEngine([allowed]);
    expect(await engine.count(`SELECT * FROM read_csv('${allowed}')`)).toBe(1);
    for (const sql of [
      `SELECT * FROM read_csv('${secret()}')`,
      `COPY (SELECT 1) TO '${other.at('out.csv')}'`,
      `ATTACH '${other.at('new.duckdb')}'`,
      'INSTALL httpfs',
      'LOAD httpfs',
      `SET allowed_paths = ['${secret()}']`,
      'SET enable_external_access = true',
      "SET memory_limit = '10GB'",
      'RESET enable_external_access',
    ])
      await expect(engine.count(sql)).rejects.toMatchObject({ code: 'QUERY_FAILED' });
    expect(existsSync(other.at('out.csv'))).toBe(false);
  });

  test('an instance that is shut off still lends several connections', async () => {
    await using engine = await shutOffEngine([]);
    const counts = await Promise.all([10, 20, 30].map((n) => engine.count(`FROM range(${n})`)));
    expect(counts).toEqual([10, 20, 30]);
  });
});

async function shutOffEngine(namedFiles: readonly string[]) {
  const engine = await DuckEngine.open({});
  await shutOff(engine, namedFiles);
  return {
    async count(sql: string): Promise<number> {
      let rows = 0;
      for await (const chunk of engine.stream(sql, [])) rows += chunk.rows;
      return rows;
    },
    [Symbol.asyncDispose]: () => engine.close(),
  };
}

describe('limits', () => {
  test('a query that runs too long is SQL_TIMEOUT, and the session goes on', async () => {
    await using session = await reader.openSql({ timeoutMs: 1_000 });
    const slow = async (): Promise<void> => {
      const result = await session.query(
        'SELECT sum(a.i * b.i) FROM range(1000000) AS a(i), range(1000000) AS b(i)',
      );
      for await (const _chunk of result.chunks);
    };
    await expect(slow()).rejects.toMatchObject({ code: 'SQL_TIMEOUT' });
    let rows: number | undefined;
    while (rows === undefined) rows = await rowsInTime('SELECT 1');
    expect(rows).toBe(1);

    /** undefined on a machine that is too busy for the limit. */
    async function rowsInTime(sql: string): Promise<number | undefined> {
      try {
        let found = 0;
        for await (const chunk of (await session.query(sql)).chunks) found += chunk.rows;
        return found;
      } catch (error) {
        if (isManagerError(error, 'SQL_TIMEOUT')) return undefined;
        throw error;
      }
    }
  });

  test('a query that needs too much memory is SQL_MEMORY', async () => {
    await expect(
      ask('SELECT list(i) FROM range(50000000) AS r(i)', { memoryLimit: '64MB' }),
    ).rejects.toMatchObject({ code: 'SQL_MEMORY' });
  });

  test('a signal ends a query', async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 50);
    await expect(
      ask(
        'SELECT sum(a.i * b.i) FROM range(1000000) AS a(i), range(1000000) AS b(i)',
        {},
        abort.signal,
      ),
    ).rejects.toMatchObject({ code: 'QUERY_ABORTED' });
  });

  test('a result that is left half read, or not read at all, ends with its session', async () => {
    const session = await reader.openSql();
    const unread = await session.query('SELECT * FROM ticks');
    const half = await session.query('SELECT * FROM ticks');
    for await (const chunk of half.chunks) {
      expect(chunk.rows).toBeGreaterThan(0);
      break;
    }
    await session.close();
    await expect(unread.chunks[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'MANAGER_CLOSED',
    });
  });

  test('a limit that is no limit is refused', async () => {
    for (const timeoutMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      await expect(ask('SELECT 1', { timeoutMs })).rejects.toThrow(RangeError);
  });
});
