import { describe, expect, test } from '@jest/globals';
import { calendarOf } from '@tb/calendar';
import { ConfigQuery, MarketDataQuery, SignalsQuery } from '@tb/queries';
import type { ConfigDatabase, SignalsDatabase } from '@tb/schema';
import { candle, collect, session } from './support/made-data.ts';
import { sqliteStore } from './support/sqlite-store.ts';
import { TestStore } from './support/test-store.ts';

const A = { exchange: 'nse', symbol: 'A' };

describe('SignalsQuery', () => {
  test('gives the insight that was the newest as of a time, of its timeframe alone', async () => {
    const db = sqliteStore<SignalsDatabase>('signals');
    const signals = new SignalsQuery(db);
    const rows = [10n, 20n, 30n].map((ts) => ({ ...A, ts, timeframe: '5m', bias: `at ${ts}` }));
    await db
      .insertInto('confluence_insights')
      .values([...rows, { ...A, ts: 99n, timeframe: '', bias: 'all' }])
      .execute();
    const bias = async (asOf?: bigint) =>
      (await signals.latestInsight({ ...A, timeframe: '5m', asOf }))?.bias;
    expect(await bias()).toBe('at 30');
    expect(await bias(29n)).toBe('at 20');
    expect(await bias(20n)).toBe('at 20');
    expect(await bias(9n)).toBeUndefined();
    expect((await signals.latestInsight(A))?.bias).toBe('all');
    const range = await signals.insights({ ...A, timeframe: '5m', from: 10n, to: 30n });
    expect(range.map((row) => row.ts)).toEqual([10n, 20n]);
    await db.destroy();
  });

  test('gives the regime as of a time, signals by status, and the newest run of a scan by rank', async () => {
    const db = sqliteStore<SignalsDatabase>('signals');
    const signals = new SignalsQuery(db);
    await db
      .insertInto('regime_insights')
      .values([
        { ...A, insight_id: 'r1', ts: 10n, regime: 'calm' },
        { ...A, insight_id: 'r2', ts: 20n, regime: 'wild' },
        { ...A, insight_id: 'r3', ts: 20n, regime: 'wilder' },
      ])
      .execute();
    expect((await signals.latestRegime(A))?.regime).toBe('wilder');
    expect((await signals.latestRegime({ ...A, asOf: 19n }))?.regime).toBe('calm');
    expect((await signals.regimes({ ...A, from: 10n, to: 20n })).length).toBe(1);

    const signal = { ...A, strategy_id: 's', signal_type: 'entry', updated_at: 1n };
    await db
      .insertInto('signals')
      .values([
        { ...signal, signal_id: 'b', status: 'new', created_at: 2n },
        { ...signal, signal_id: 'a', status: 'new', created_at: 2n },
        { ...signal, signal_id: 'c', status: 'done', created_at: 1n },
      ])
      .execute();
    expect((await signals.signals({ status: 'new' })).map((row) => row.signal_id)).toEqual([
      'a',
      'b',
    ]);
    expect((await signals.signals({ to: 2n })).map((row) => row.signal_id)).toEqual(['c']);
    expect((await signals.signal('b'))?.created_at).toBe(2n);

    const result = { scan: 'momentum', exchange: 'nse' };
    await db
      .insertInto('scanner_results')
      .values([
        { ...result, symbol: 'OLD', ts: 1n, rank: 1n },
        { ...result, symbol: 'B', ts: 2n, rank: 2n },
        { ...result, symbol: 'C', ts: 2n, rank: null },
        { ...result, symbol: 'A', ts: 2n, rank: 1n },
      ])
      .execute();
    expect((await signals.scannerResults('momentum')).map((row) => row.symbol)).toEqual([
      'A',
      'B',
      'C',
    ]);
    expect((await signals.scannerResults('momentum', 1n)).map((row) => row.symbol)).toEqual([
      'OLD',
    ]);
    expect(await signals.scannerResults('other')).toEqual([]);

    const state = { ...A, timeframe: '5m', status: 'running', updated_at: 5n };
    await db
      .insertInto('runner_state')
      .values([
        { ...state, strategy_id: 't' },
        { ...state, strategy_id: 's' },
      ])
      .execute();
    expect((await signals.runnerStates()).map((row) => row.strategy_id)).toEqual(['s', 't']);
    expect((await signals.runnerStates({ strategyId: 't' })).length).toBe(1);
    await db.destroy();
  });
});

describe('ConfigQuery', () => {
  test('gives settings as the values they are, users without their hash, watchlists in order of adding', async () => {
    const db = sqliteStore<ConfigDatabase>('config');
    const config = new ConfigQuery(db);
    await db
      .insertInto('settings')
      .values([
        { key: 'risk.max', value: '{"percent": 2}', updated_at: 1n },
        { key: 'risk%', value: 'true', updated_at: 1n },
        { key: 'ui', value: 'null', updated_at: 1n },
      ])
      .execute();
    expect(await config.setting('risk.max')).toEqual({ percent: 2 });
    expect(await config.setting('ui')).toBeNull();
    expect(await config.setting('none')).toBeUndefined();
    expect([...(await config.settings('risk.')).keys()]).toEqual(['risk.max']);

    await db
      .insertInto('users')
      .values({ username: 'u', password_hash: 'secret', created_at: 1n })
      .execute();
    await db
      .insertInto('roles')
      .values([{ role_name: 'trader' }])
      .execute();
    await db.insertInto('user_roles').values({ username: 'u', role_name: 'trader' }).execute();
    expect(await config.user('u')).toEqual({
      username: 'u',
      created_at: 1n,
      attributes: null,
      roles: ['trader'],
    });
    expect(await config.user('v')).toBeUndefined();

    await db
      .insertInto('watchlists')
      .values([
        { username: 'u', watchlist: 'default', exchange: 'nse', symbol: 'Z', added_at: 1n },
        { username: 'u', watchlist: 'default', exchange: 'nse', symbol: 'A', added_at: 2n },
        { username: 'u', watchlist: 'more', exchange: 'nse', symbol: 'B', added_at: 2n },
      ])
      .execute();
    expect((await config.watchlist('u')).map((row) => row.symbol)).toEqual(['Z', 'A']);
    expect(await config.watchlists('u')).toEqual(['default', 'more']);
    await db.destroy();
  });

  test('gives instruments by listing date and by many symbols, groups, runners and jobs', async () => {
    const db = sqliteStore<ConfigDatabase>('config');
    const config = new ConfigQuery(db);
    const times = { created_at: 1n, updated_at: 1n };
    const active = { ...times, is_active: 1n as const };
    await db
      .insertInto('instruments')
      .values([
        { ...A, ...active, segment: 'EQ', trading_symbol: 'ALPHA' },
        {
          exchange: 'nse',
          symbol: 'B',
          ...times,
          listed_from: '2020-01-01',
          listed_to: '2021-01-01',
          is_active: 0n,
        },
        { exchange: 'bse', symbol: 'A', ...active },
      ])
      .execute();
    const symbols = async (filter: object) =>
      (await config.instruments({ exchange: 'nse', ...filter })).map((row) => row.symbol);
    expect(await symbols({})).toEqual(['A', 'B']);
    expect(await symbols({ activeOnly: true })).toEqual(['A']);
    expect(await symbols({ listedOn: '2020-01-01' })).toEqual(['A', 'B']);
    expect(await symbols({ listedOn: '2021-01-01' })).toEqual(['A']);
    expect(await symbols({ tradingSymbol: 'ALPHA' })).toEqual(['A']);
    expect(await symbols({ segment: 'FO' })).toEqual([]);
    const many = Array.from({ length: 1_200 }, (_, i) => `S${i}`);
    expect(await symbols({ symbols: ['B', ...many, 'A'] })).toEqual(['A', 'B']);
    expect((await config.instrument('bse', 'A'))?.exchange).toBe('bse');

    const member = { group_name: 'fno', exchange: 'nse', added_at: 1n, is_active: 1n as const };
    await db
      .insertInto('instrument_groups')
      .values([
        { ...member, symbol: 'B' },
        { ...member, symbol: 'A' },
        { ...member, symbol: 'C', is_active: 0n },
      ])
      .execute();
    expect((await config.group('fno')).map((row) => row.symbol)).toEqual(['A', 'B']);
    const runner = { ...A, timeframe: '5m', updated_at: 1n };
    await db
      .insertInto('runners')
      .values([
        { ...runner, strategy_id: 'on', is_enabled: 1n },
        { ...runner, strategy_id: 'off', is_enabled: 0n },
      ])
      .execute();
    expect((await config.runners()).length).toBe(2);
    expect((await config.runners({ enabledOnly: true })).map((row) => row.strategy_id)).toEqual([
      'on',
    ]);
    const job = {
      ...A,
      kind: 'candles' as const,
      timeframe: '1m',
      from_date: '2024-01-01',
      to_date: '2024-02-01',
      ...times,
    };
    await db
      .insertInto('download_jobs')
      .values([
        { ...job, job_id: 'j1', state: 'done' },
        { ...job, job_id: 'j2', state: 'waiting' },
      ])
      .execute();
    expect((await config.downloadJobs({ state: 'waiting' })).map((row) => row.job_id)).toEqual([
      'j2',
    ]);
    await db.destroy();
  });

  test('is a source of actions and renames for MarketDataQuery', async () => {
    const calendar = calendarOf('nse');
    const [monday, tuesday] = ['2024-03-11', '2024-03-12'].map(
      (date) => session(calendar, date).open,
    ) as [bigint, bigint];
    const db = sqliteStore<ConfigDatabase>('config');
    const config = new ConfigQuery(db);
    await db
      .insertInto('actions')
      .values([
        {
          exchange: 'nse',
          symbol: 'OLD',
          ex_date: '2024-03-12',
          kind: 'split',
          factor: 0.9,
          known_at: 0n,
        },
        {
          exchange: 'nse',
          symbol: 'NEW',
          ex_date: '2024-03-12',
          kind: 'split',
          factor: 0.5,
          known_at: 0n,
        },
        {
          exchange: 'bse',
          symbol: 'NEW',
          ex_date: '2024-03-12',
          kind: 'split',
          factor: 0.1,
          known_at: 0n,
        },
      ])
      .execute();
    await db
      .insertInto('renames')
      .values([
        {
          exchange: 'nse',
          old_symbol: 'OLD',
          new_symbol: 'NEW',
          from_date: '2024-03-12',
          known_at: 0n,
        },
        {
          exchange: 'nse',
          old_symbol: 'X',
          new_symbol: 'Y',
          from_date: '2024-03-12',
          known_at: 0n,
        },
      ])
      .execute();
    expect((await config.corporateHistory('nse', ['OLD'], 1n)).renames.length).toBe(1);
    expect((await config.corporateHistory('nse', ['OLD'], -1n)).actions).toEqual([]);
    const store = await TestStore.open();
    await store.candles('1d', '2024-03-11', [candle('OLD', monday, 100)]);
    await store.candles('1d', '2024-03-12', [candle('NEW', tuesday, 60)]);
    const query = new MarketDataQuery(store, {
      calendarOf,
      now: () => session(calendar, '2024-03-12').close,
      actions: (exchange, symbols, asOf) => config.corporateHistory(exchange, symbols, asOf),
    });
    const ask = { exchange: 'nse', symbol: 'NEW', timeframe: '1d', from: monday, to: tuesday + 1n };
    const result = await query.candles({ ...ask, adjust: 'splits' });
    expect((await collect(result.rows())).map((row) => row.open)).toEqual([50, 60]);
    store.close();
    await db.destroy();
  });
});
