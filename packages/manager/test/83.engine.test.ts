import { DuckDBDataChunk, DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, test } from '@jest/globals';
import { openBuildInstance } from '@tb/history';
import type { TickChunk } from '@tb/live';
import { DatabaseManager, type ManagerEvent } from '@tb/manager';
import type { MarketDataSnapshot } from '@tb/schema';
import { AttachCache } from '../src/market/attach-cache.ts';
import { columnChunkOf } from '../src/market/column-chunk.ts';
import { DuckEngine } from '../src/market/duck-engine.ts';
import { fileBudget, softLimitOfFiles } from '../src/market/file-budget.ts';
import { missingChunks, TailTables } from '../src/market/tail-tables.ts';
import { D1, ingest, TICKS } from './live-days.ts';
import { ALWAYS, read } from './market-rows.ts';
import { dataRoot } from './roots.ts';
import { TestChild } from './test-child.ts';

type NativeChunk = ConstructorParameters<typeof DuckDBDataChunk>[0];

async function drain(snapshot: MarketDataSnapshot, sql: string): Promise<number> {
  let rows = 0;
  for await (const chunk of snapshot.stream(sql)) rows += chunk.rows;
  return rows;
}

/** A file with which DuckDB ends its instance: two valid blocks swapped, so that its checksums say nothing. */
async function fatalFile(folder: string): Promise<string> {
  const good = `${folder}/good.duckdb`;
  await using build = await openBuildInstance();
  await build.connection.run(
    `ATTACH '${good}' AS good (TYPE duckdb, BLOCK_SIZE 65536, STORAGE_VERSION 'v1.5.0')`,
  );
  await build.connection.run(`CREATE TABLE good.data AS SELECT (i // 2000)::INTEGER AS sid, i AS seq,
    (i * 7919 % 1000) / 7.0 AS price, hash(i)::VARCHAR AS text FROM range(100000) AS r(i)`);
  await build.connection.run('DETACH good');
  for (const [first, second] of [
    [4, 14],
    [5, 14],
    [7, 16],
    [9, 18],
    [3, 12],
    [4, 10],
    [6, 15],
  ]) {
    const bad = `${folder}/bad-${first}-${second}.duckdb`;
    await using child = new TestChild('swap-blocks', good, bad, String(first), String(second));
    const { outcome } = await child.message().catch(() => ({ outcome: 'the process ended' }));
    if (outcome === 'FATAL') return bad;
  }
  throw new Error('No swap of blocks made DuckDB end its instance');
}

describe('a DuckDB instance that ended itself', () => {
  test('is discarded, told, and replaced; its snapshots fail, later reads are right', async () => {
    using root = await dataRoot('fatal');
    await using ingestor = await DatabaseManager.open({
      root: root.path,
      role: 'ingestor',
      exchanges: ['nse'],
    });
    await ingest(ingestor, D1, 1_000);
    const events: ManagerEvent[] = [];
    await using manager = await DatabaseManager.open({
      root: root.path,
      role: 'reader',
      onEvent: (event) => events.push(event),
    });
    const before = await read(manager.marketData, TICKS);
    await using snapshot = await manager.marketData.snapshot({ ...TICKS, ...ALWAYS });
    const bad = await fatalFile(root.path);
    const fatal = drain(snapshot, `FROM read_duckdb('${bad}', table_name = 'data')`);
    await expect(fatal).rejects.toMatchObject({ code: 'ENGINE_FAILED', retryable: false });
    await expect(drain(snapshot, 'SELECT 1')).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
    const after = await read(manager.marketData, TICKS);
    expect(after.rows).toEqual(before.rows);
    expect(events).toMatchObject([{ type: 'engine_replaced', cause: { code: 'ENGINE_FAILED' } }]);
  });
});

describe('chunks of a statement', () => {
  test('are memory of their own: DuckDB does not see what is written to them', async () => {
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const result = await connection.stream(
      'SELECT make_timestamp_ns(i) AS t, i::BIGINT AS n, i::INTEGER AS code, i::DOUBLE AS price FROM range(2048) r(i)',
    );
    const chunk = (await result.fetchChunk()) as DuckDBDataChunk;
    const { chunk: native } = chunk as unknown as { chunk: NativeChunk };
    const names = result.columnNames();
    const [ts, n, code, price] = columnChunkOf(chunk, names).columns as [
      BigInt64Array,
      BigInt64Array,
      Int32Array,
      Float64Array,
    ];
    for (const column of [ts, n]) column.fill(-1n);
    for (const column of [code, price]) column.fill(-1);
    const again = columnChunkOf(new DuckDBDataChunk(native), names).columns;
    for (const column of again)
      expect(Array.from(column as Int32Array, Number)).toEqual([...Array(2048).keys()]);
    connection.closeSync();
    instance.closeSync();
  });

  test('that nobody reads on are given up: the next statement is answered, and closing waits for none', async () => {
    const engine = await DuckEngine.open({});
    const endless = 'SELECT (a.i * b.i)::DOUBLE FROM range(100000) a(i), range(100000) b(i)';
    for (let round = 0; round < 10; round++) {
      for await (const chunk of engine.stream(endless, [])) {
        expect(chunk.rows).toBeGreaterThan(0);
        break;
      }
    }
    const left = engine.stream(endless, []);
    await left.next();
    const rest: number[] = [];
    for await (const chunk of engine.stream('SELECT i::INTEGER FROM range(5000) r(i)', []))
      rest.push(...(chunk.columns[0] as Int32Array));
    expect(rest).toEqual([...Array(5000).keys()]);
    await engine.close();
    const after = async () => {
      for (;;) if ((await left.next()).done) return;
    };
    await expect(after()).rejects.toMatchObject({ code: 'MANAGER_CLOSED' });
  });
});

describe('the tail inside DuckDB', () => {
  const chunk = (firstSeq: number, rows: number, tradingDate: string = D1): TickChunk => ({
    ...{ tradingDate, rows, firstSeq: BigInt(firstSeq), lastSeq: BigInt(firstSeq + rows - 1) },
    ...{ minTs: 0n, maxTs: 1n, sid: new Int32Array(rows), ts: new BigInt64Array(rows) },
    seq: BigInt64Array.from({ length: rows }, (_, row) => BigInt(firstSeq + row)),
    ...{ price: new Float64Array(rows), volume: new Float64Array(rows) },
    ...{ bid: new Float64Array(rows).fill(Number.NaN), ask: new Float64Array(rows) },
  });
  const firsts = (chunks: readonly TickChunk[] | undefined) =>
    chunks?.map((one) => Number(one.firstSeq));

  test.each<[string, number[], number[], number[] | undefined]>([
    ['what is new is added', [1, 11], [1, 11, 21], [21]],
    ['what was sealed is left behind', [1, 11, 21], [21, 31], [31]],
    ['an older moment needs nothing', [1, 11, 21], [1, 11], []],
    ['everything sealed and new rows: begin anew', [1, 11], [31], undefined],
    ['rows that came in between: begin anew', [1, 21], [1, 11, 21], undefined],
    ['rows of an older moment that the table never had: begin anew', [11], [1, 11], undefined],
  ])('%s', (_name, loaded, wanted, missing) => {
    const chunks = (starts: number[]) => starts.map((start) => chunk(start, 10));
    expect(firsts(missingChunks(chunks(loaded), chunks(wanted)))).toEqual(missing);
  });

  test('a table that is mostly dead is made anew', () => {
    expect(
      missingChunks([chunk(1, 200_001), chunk(300_000, 1)], [chunk(300_000, 1)]),
    ).toBeUndefined();
  });

  test('loads each row once when asked twice at the same moment, and drops what nobody reads', async () => {
    const engine = await DuckEngine.open({});
    const rowsIn = async (sql: string): Promise<number> => {
      for await (const part of engine.stream(`SELECT count(*)::INTEGER FROM ${sql}`, []))
        return Number(part.columns[0]?.[0]);
      return -1;
    };
    const tables = () => rowsIn("duckdb_tables() WHERE table_name LIKE 'tail%'");
    const tails = new TailTables(engine);
    const [one, two] = await Promise.all(
      [1, 2].map(() => tails.relationOf(D1, [chunk(1, 10), chunk(11, 10)])),
    );
    expect([await rowsIn(one?.relation ?? ''), await rowsIn(two?.relation ?? '')]).toEqual([
      20, 20,
    ]);
    const later = await tails.relationOf(D1, [chunk(11, 10), chunk(21, 5)]);
    expect([
      await rowsIn(later.relation),
      await rowsIn(one?.relation ?? ''),
      await tables(),
    ]).toEqual([15, 20, 1]);
    const anew = await tails.relationOf(D1, [chunk(41, 5)]);
    expect([await rowsIn(anew.relation), await rowsIn(later.relation), await tables()]).toEqual([
      5, 15, 2,
    ]);
    for (const relation of [one, two, later, anew]) relation?.release();
    await tails.retain(new Set());
    expect(await tables()).toBe(0);
    await engine.close();
  });
});

describe('attached files', () => {
  async function withFiles(
    count: number,
    use: (paths: readonly string[], engine: DuckEngine) => Promise<void>,
  ) {
    using root = await dataRoot('attach');
    const engine = await DuckEngine.open({});
    try {
      const paths = Array.from({ length: count }, (_, index) => root.at(`${index}.duckdb`));
      for (const path of paths) {
        await engine.run(`ATTACH '${path}' AS made (TYPE duckdb)`);
        await engine.run('CREATE TABLE made.data AS SELECT 1 AS x');
        await engine.run('DETACH made');
      }
      await use(paths, engine);
    } finally {
      await engine.close();
    }
  }
  const file = (path: string, verify: () => Promise<void> = async () => {}) => ({
    path,
    sha256: 'same',
    verify,
  });

  test('are verified once, before their first ATTACH, also when asked for at the same moment', async () => {
    await withFiles(1, async ([path = ''], engine) => {
      const cache = new AttachCache(engine, 4);
      let verified = 0;
      const verify = async (): Promise<void> => {
        verified += 1;
      };
      const attachments = await Promise.all([1, 2, 3].map(() => cache.attach(file(path, verify))));
      expect(new Set(attachments.map((one) => one?.catalog)).size).toBe(1);
      expect(verified).toBe(1);
    });
  });

  test('stay within the budget, least recently used out first, those in use kept', async () => {
    await withFiles(6, async (paths, engine) => {
      const cache = new AttachCache(engine, 3, 5);
      const held = await cache.attach(file(paths[0] as string));
      for (const path of paths.slice(1, 5)) (await cache.attach(file(path)))?.release();
      expect(cache.size).toBe(3);
      expect([paths[0], paths[3], paths[4]].every((path) => cache.has(path as string))).toBe(true);
      expect(cache.room).toBe(2);
      held?.release();
      expect(cache.room).toBe(3);
    });
  });

  test('beyond the limit are FILE_LIMIT', async () => {
    await withFiles(3, async (paths, engine) => {
      const cache = new AttachCache(engine, 1, 2);
      await cache.attach(file(paths[0] as string));
      await cache.attach(file(paths[1] as string));
      await expect(cache.attach(file(paths[2] as string))).rejects.toMatchObject({
        code: 'FILE_LIMIT',
      });
    });
  });

  test('a file that fails its check is not attached, and is checked again the next time', async () => {
    await withFiles(1, async ([path = ''], engine) => {
      const cache = new AttachCache(engine, 3);
      const spoilt = file(path, () => Promise.reject(new Error('differs')));
      await expect(cache.attach(spoilt)).rejects.toThrow('differs');
      expect(cache.size).toBe(0);
      expect(await cache.attach(file(path))).toBeDefined();
    });
  });

  test('other content of a path waits until nobody uses the old one', async () => {
    await withFiles(1, async ([path = ''], engine) => {
      const cache = new AttachCache(engine, 3);
      const old = await cache.attach(file(path));
      const next = { ...file(path), sha256: 'other' };
      expect(await cache.attach(next)).toBeUndefined();
      old?.release();
      expect(await cache.attach(next)).toBeDefined();
    });
  });

  test('the budget is 256, and less where the process may open fewer files', () => {
    expect([fileBudget(undefined), fileBudget(1_048_576), fileBudget(300), fileBudget(64)]).toEqual(
      [256, 256, 172, 16],
    );
    if (process.platform === 'linux') expect(softLimitOfFiles()).toBeGreaterThan(0);
  });
});
