import { formatDecimal, multiply, parseDecimal } from '@tb/manager';
import { isTradingDate } from '@tb/schema';
import type { LegacyRow } from './legacy-row.ts';
import { type StoreMapper, storeMapper } from './store-mapper.ts';
import type { TargetRow } from './target-row.ts';

/** A creation time that the file does not know: 0 says so, where NULL is not allowed. */
const UNKNOWN_TIME = 0n;

const roleRow = (name: string, permissions: string | null = null): TargetRow => ({
  table: 'roles',
  values: { role_name: name, permissions },
});

const userRoleRow = (username: string, role: string): TargetRow => ({
  table: 'user_roles',
  values: { username, role_name: role },
});

/** `admin,viewer`, `["admin"]` or `{admin}`: names in a list. */
function namesIn(text: string | undefined): string[] {
  const names = (text ?? '').replace(/^[\s[{(]+|[\s\]})]+$/g, '').split(',');
  const clean = names.map((name) =>
    name
      .trim()
      .replace(/^(['"])(.*)\1$/, '$2')
      .trim(),
  );
  return [...new Set(clean.filter((name) => name !== ''))];
}

export const roles: StoreMapper = storeMapper({
  store: 'config',
  target: 'config.roles',
  order: 1,
  hasAttributes: false,
  aliases: { role: ['role_name', 'name', 'role'], permissions: ['permissions'] },
  required: ['role'],
  times: [],
  map: (row) => {
    const text = row.text('permissions');
    const permissions =
      text === undefined
        ? null
        : /^\s*\[/.test(text)
          ? asJsonList(text)
          : JSON.stringify(namesIn(text));
    return { row: roleRow(row.needKey('role'), permissions) };
  },
});

function asJsonList(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return JSON.stringify(namesIn(text));
  }
}

export const users: StoreMapper = storeMapper({
  store: 'config',
  target: 'config.users',
  order: 2,
  hasAttributes: true,
  aliases: {
    username: ['username', 'user_name', 'user'],
    passwordHash: ['password_hash', 'hashed_password', 'password'],
    roles: ['roles', 'role'],
    createdAt: ['created_at', 'created'],
  },
  required: ['username'],
  times: ['createdAt'],
  map: (row) => {
    const username = row.needKey('username');
    const names = namesIn(row.text('roles'));
    return {
      row: {
        table: 'users',
        values: {
          username,
          password_hash: row.text('passwordHash') ?? null,
          created_at: row.record('createdAt') ?? UNKNOWN_TIME,
          attributes: row.attributes(),
        },
      },
      implied: [
        ...names.map((name) => roleRow(name)),
        ...names.map((name) => userRoleRow(username, name)),
      ],
    };
  },
});

export const userRoles: StoreMapper = storeMapper({
  store: 'config',
  target: 'config.user_roles',
  order: 3,
  hasAttributes: false,
  aliases: { username: ['username', 'user_name', 'user'], role: ['role_name', 'role', 'name'] },
  required: ['username', 'role'],
  times: [],
  map: (row) => {
    const [username, role] = [row.needKey('username'), row.needKey('role')];
    return {
      row: userRoleRow(username, role),
      implied: [roleRow(role)],
      requires: [{ table: 'users', values: { username } }],
    };
  },
});

export const watchlists: StoreMapper = storeMapper({
  store: 'config',
  target: 'config.watchlists',
  order: 6,
  hasAttributes: true,
  aliases: {
    username: ['username', 'user_name', 'user'],
    watchlist: ['watchlist', 'watchlist_name', 'list_name'],
    key: ['instrument_key', 'symbol'],
    tradingSymbol: ['trading_symbol'],
    exchange: ['exchange'],
    marketType: ['market_type'],
    addedAt: ['added_at', 'created_at'],
  },
  required: ['key'],
  times: ['addedAt'],
  map: (row) => {
    const { exchange, symbol } = row.needInstrument('key', 'exchange');
    return {
      row: {
        table: 'watchlists',
        values: {
          username: row.filled('username') ?? 'default',
          watchlist: row.filled('watchlist') ?? 'default',
          exchange,
          symbol,
          trading_symbol: row.text('tradingSymbol') ?? null,
          market_type: row.text('marketType') ?? null,
          added_at: row.record('addedAt') ?? UNKNOWN_TIME,
          attributes: row.attributes(),
        },
      },
    };
  },
});

type InstrumentRole =
  | 'key'
  | 'symbol'
  | 'tradingSymbol'
  | 'name'
  | 'exchange'
  | 'segment'
  | 'type'
  | 'lotSize'
  | 'tickSize'
  | 'expiry'
  | 'strike'
  | 'optionType'
  | 'isActive'
  | 'createdAt'
  | 'updatedAt';

const INSTRUMENT_ALIASES: Readonly<Record<InstrumentRole, readonly string[]>> = {
  key: ['instrument_key'],
  symbol: ['symbol'],
  tradingSymbol: ['trading_symbol', 'tradingsymbol'],
  name: ['name'],
  exchange: ['exchange'],
  segment: ['segment'],
  type: ['market_type', 'instrument_type'],
  lotSize: ['lot_size'],
  tickSize: ['tick_size'],
  expiry: ['expiry', 'expiry_date'],
  strike: ['strike', 'strike_price'],
  optionType: ['option_type'],
  isActive: ['is_active', 'active'],
  createdAt: ['created_at'],
  updatedAt: ['updated_at', 'last_updated'],
};

/** @param tickFactor Rupees in one unit: generation 1 counts tick sizes in paise: a hundred are a rupee. */
function instrumentMapper(order: number, tickFactor: string, archivesLosers: boolean): StoreMapper {
  return storeMapper<InstrumentRole>({
    store: 'config',
    target: 'config.instruments',
    order,
    hasAttributes: true,
    archivesLosers,
    aliases: INSTRUMENT_ALIASES,
    required: ['tickSize'],
    times: ['createdAt', 'updatedAt'],
    map: (row) => ({ row: instrumentRow(row, tickFactor) }),
  });
}

function instrumentRow(row: LegacyRow<InstrumentRole>, tickFactor: string): TargetRow {
  const role = row.filled('key') === undefined ? 'symbol' : 'key';
  const { exchange, symbol } = row.needInstrument(role, 'exchange');
  if (role === 'key' && row.filled('symbol') !== undefined && row.text('symbol') !== symbol)
    row.keep('symbol');
  const tickSize = row.decimal('tickSize');
  const created = row.record('createdAt');
  const at = symbol.indexOf('|');
  return {
    table: 'instruments',
    values: {
      exchange,
      symbol,
      trading_symbol: row.text('tradingSymbol') ?? null,
      name: row.text('name') ?? null,
      segment: row.filled('segment') ?? (at < 0 ? null : symbol.slice(0, at)),
      instrument_type: row.text('type') ?? null,
      lot_size: row.integer('lotSize'),
      tick_size:
        tickSize === null
          ? null
          : formatDecimal(
              multiply(parseDecimal(tickSize, 'A tick size'), parseDecimal(tickFactor, 'A factor')),
            ),
      expiry: dateOf(row, 'expiry'),
      strike: row.decimal('strike'),
      option_type: row.text('optionType') ?? null,
      is_active: row.flag('isActive', true) ? 1n : 0n,
      created_at: created ?? UNKNOWN_TIME,
      updated_at: row.record('updatedAt') ?? created ?? UNKNOWN_TIME,
      attributes: row.attributes(),
    },
  };
}

/** `2026-02-24` or `24-02-2026`, with or without a time behind it. */
function dateOf(row: LegacyRow<InstrumentRole>, role: InstrumentRole): string | null {
  const text = row.filled(role)?.trim();
  if (text === undefined) return null;
  const [day] = text.split(/[ T]/) as [string];
  const reversed = /^(\d{2})[-/](\d{2})[-/](\d{4})$/.exec(day);
  const date = reversed ? `${reversed[3]}-${reversed[2]}-${reversed[1]}` : day;
  if (isTradingDate(date)) return date;
  row.keep(role);
  return null;
}

/** Generation 2: tick sizes in rupees. */
export const instrumentMeta: StoreMapper = instrumentMapper(4, '1', false);
/** Generation 1: tick sizes in paise; its rows lose to generation 2. */
export const instruments: StoreMapper = instrumentMapper(5, '0.01', true);

/** A named set of instruments. @param group Name of the group. */
function groupMapper(group: string): StoreMapper {
  return storeMapper({
    store: 'config',
    target: 'config.instrument_groups',
    order: 7,
    hasAttributes: true,
    aliases: {
      key: ['instrument_key', 'symbol'],
      exchange: ['exchange'],
      addedAt: ['added_at', 'added_date', 'created_at', 'last_updated', 'updated_at'],
      isActive: ['is_active', 'active'],
    },
    required: ['key'],
    times: ['addedAt'],
    map: (row) => {
      const { exchange, symbol } = row.needInstrument('key', 'exchange');
      return {
        row: {
          table: 'instrument_groups',
          values: {
            group_name: group,
            exchange,
            symbol,
            added_at: row.record('addedAt') ?? UNKNOWN_TIME,
            is_active: row.flag('isActive', true) ? 1n : 0n,
            attributes: row.attributes(),
          },
        },
      };
    },
  });
}

export const foStocks: StoreMapper = groupMapper('fo_stocks');
export const stockUniverse: StoreMapper = groupMapper('stock_universe');
