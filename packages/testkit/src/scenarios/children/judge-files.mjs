// Answers {kind, root, path}: opens one file of a data root through the packages, as what reads it would. A file with a
// recorded sha256 answers 'whole'; a database answers with a digest of its rows. A typed error is answered by its code,
// a verdict that is not good by the verdict. Kind `health` answers whether `tb health --full` finds fault with the root.
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';

const packages = new URL('../../../../', import.meta.url);
const load = (name) => import(new URL(`${name}/dist/index.js`, packages).href);
const { layoutOf } = await load('schema');
const { inspectLock, openSqlite } = await load('locks');
const { Manifest, verifyFile } = await load('history');
const { LiveReader, verifySegment } = await load('live');
const { kyselyRunIndex, verifyRun } = await load('backtest');
const { DatabaseManager } = await load('manager');
const { checkHealth, listAllBackups, verifyBackups } = await import(
  new URL('../apps/ops/dist/index.js', packages).href
);

const exact = (_key, value) => {
  if (typeof value === 'bigint') return `${value}n`;
  return ArrayBuffer.isView(value) ? Array.from(value, String) : value;
};
const digest = (value) => createHash('sha256').update(JSON.stringify(value, exact)).digest('hex');

class Rejected extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

const TIMEFRAMES = ['1m', '5m', '15m', '1h', '1d'];

/** Everything that the manifest lists. */
function catalogue(layout) {
  const manifest = Manifest.openReader(layout);
  try {
    const snapshot = manifest.snapshot();
    return snapshot.exchanges().map((exchange) => {
      const candles = TIMEFRAMES.flatMap((timeframe) =>
        snapshot.find({ exchange, kind: 'candles', timeframe }),
      );
      return {
        exchange,
        files: [...snapshot.find({ exchange, kind: 'ticks' }), ...candles],
        months: TIMEFRAMES.flatMap((timeframe) => snapshot.months(exchange, timeframe)),
        dates: snapshot.allTradingDates(exchange),
      };
    });
  } finally {
    manifest.close();
  }
}

/** Records of the files, read once from the undamaged root: only the file itself is damaged later. */
const records = new Map();
function recordOf(layout, path) {
  if (records.size === 0)
    for (const { files, months } of catalogue(layout))
      for (const file of [...files, ...months]) records.set(file.path, file);
  const found = records.get(path);
  if (found === undefined) throw new Error(`The manifest does not list ${path}`);
  return found;
}

let segments;
function segmentOf(layout, path) {
  if (segments === undefined) {
    const reader = LiveReader.open({ layout, exchange: 'nse' });
    segments = reader.snapshot().segments;
    reader.close();
  }
  return segments.find((one) => one.path.endsWith(path));
}

function liveRows(layout) {
  const reader = LiveReader.open({ layout, exchange: 'nse' });
  try {
    const view = reader.snapshot();
    const { seq, days, segments: sealed, tail, late, forming, coverage } = view;
    const candles = days.map(({ tradingDate }) => view.candles(tradingDate, { forming: true }));
    const names = tail.map(({ sid }) => [...new Set(sid)].map((one) => view.symbolOf(one)));
    return digest([seq, days, sealed, tail, late, forming, coverage, candles, names]);
  } finally {
    reader.close();
  }
}

/** Every row of every table. */
function tablesOf(path) {
  const db = openSqlite(path, { readonly: true });
  try {
    db.defaultSafeIntegers(true);
    const names = db
      .prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1",
      )
      .pluck()
      .all();
    return digest(names.map((name) => [name, db.prepare(`SELECT * FROM "${name}"`).all()]));
  } finally {
    db.close();
  }
}

const kinds = {
  published: async (layout, path) => {
    await verifyFile(layout, recordOf(layout, path));
    return 'whole';
  },
  segment: async (layout, path) => {
    await verifySegment(segmentOf(layout, path));
    return 'whole';
  },
  manifest: async (layout) => digest(catalogue(layout)),
  live: async (layout) => liveRows(layout),
  store: async (layout, path) => {
    const store = { trading: 'trading', signals: 'signals', config: 'config', backtest: 'index' }[
      path.split('/')[0]
    ];
    const manager = await DatabaseManager.open({ root: layout.root, role: 'reader' });
    try {
      await manager.read(store, (db) => db.selectFrom('schema_migrations').selectAll().execute());
    } finally {
      await manager.close();
    }
    return tablesOf(layout.absolute(path));
  },
  backup: async (layout) => {
    const backups = await listAllBackups(layout);
    const [problem] = await verifyBackups(layout, backups);
    if (problem) throw new Rejected(`BACKUP_${problem.problem.toUpperCase()}`);
    return digest(backups.map(({ folder, ...backup }) => backup));
  },
  run: async (layout) => {
    const manager = await DatabaseManager.open({ root: layout.root, role: 'reader' });
    try {
      const index = kyselyRunIndex({ read: (body) => manager.read('index', body) });
      for (const run of await index.list()) {
        const { runFile } = await verifyRun(layout, index, run);
        if (runFile !== 'ok') throw new Rejected(`RUN_FILE_${runFile.toUpperCase()}`);
      }
      return 'whole';
    } finally {
      await manager.close();
    }
  },
  lock: async (layout, path) => {
    const folder = layout.absolute(path).replace(/\/[^/]*$/, '');
    const { verdict, holder, recordDamaged } = await inspectLock(folder);
    if (recordDamaged) throw new Rejected('LOCK_RECORD_DAMAGED');
    return digest([verdict, holder]);
  },
  version: async (layout) => {
    const manager = await DatabaseManager.open({ root: layout.root, role: 'reader' });
    await manager.close();
    return 'open';
  },
  calendar: async (layout) => {
    const manager = await DatabaseManager.open({ root: layout.root, role: 'reader' });
    try {
      const calendar = await manager.calendarOf('nse');
      return digest(calendar.sessionsBetween('2026-01-01', '2027-12-31'));
    } finally {
      await manager.close();
    }
  },
  health: async (layout) => (await checkHealth(layout, { full: true })).verdict,
};

for await (const line of createInterface({ input: process.stdin })) {
  let reply;
  try {
    const { kind, root, path } = JSON.parse(line);
    reply = { value: await kinds[kind](layoutOf(root), path) };
  } catch (error) {
    reply = {
      code: typeof error.code === 'string' ? error.code : 'UNTYPED',
      message: `${error.name}: ${error.message}`,
    };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
