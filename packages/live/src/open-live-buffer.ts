import {
  Disposal,
  openSqlite,
  type SqliteDatabase,
  translateSqliteError,
  WriterLock,
} from '@tb/locks';
import { assertExchange, migrate, syncFolder } from '@tb/schema';
import { AppendQueue } from './append-queue.ts';
import { Ballast } from './ballast.ts';
import { DayWindows } from './day-window.ts';
import { makeDir } from './files.ts';
import { Flusher } from './flusher.ts';
import { GroupWriter } from './group-writer.ts';
import type { LiveBuffer } from './live-buffer.ts';
import { assertNotLost } from './lost-database.ts';
import { Metrics } from './metrics.ts';
import type { LiveBufferOptions } from './options.ts';
import { recover } from './recover.ts';
import { Sealer, sealPolicyOf } from './sealer.ts';
import { SourceOrder } from './source-order.ts';
import { SqliteLiveBuffer } from './sqlite-live-buffer.ts';
import { Supervisor } from './supervisor.ts';
import { Wal } from './wal.ts';
import { Writer } from './writer.ts';
import { loadState } from './writer-state.ts';

const MB = 1024 * 1024;
const BUSY_TIMEOUT_MS = 100;
const OPEN_TIMEOUT_MS = 5_000;
const TOOL_VERSION = '@tb/live 0.1.0';

const wallClock = (): bigint => BigInt(Date.now()) * 1_000_000n;

/** See `LiveBuffer.open`. Order: lock, check, recovery, memory, ready. A throw gives everything back. */
export async function openLiveBuffer(options: LiveBufferOptions): Promise<LiveBuffer> {
  try {
    return await openBuffer(options);
  } catch (error) {
    const isRaw = (error as Error).name === 'SqliteError';
    throw isRaw ? translateSqliteError(error, options.layout.liveDb(options.exchange)) : error;
  }
}

async function openBuffer(options: LiveBufferOptions): Promise<LiveBuffer> {
  const { layout, exchange, registry, calendar } = options;
  assertExchange(exchange);
  assertNotLost(layout, exchange);
  const liveDb = layout.liveDb(exchange);
  await using held = new Disposal();
  await makeDir(layout.segmentsDir(exchange), layout.root);
  const db = openSqlite(liveDb, { timeoutMs: BUSY_TIMEOUT_MS });
  const lock = await lockFor(options, db, held);
  await prepare(db, options, layout.liveDir(exchange));
  const ballast = new Ballast(liveDb, options.ballastBytes ?? 64 * MB);
  await ballast.restore();
  const wal = new Wal(db, liveDb, {
    checkpointBytes: options.walBytes ?? 16 * MB,
    alarmBytes: options.walAlarmBytes ?? 256 * MB,
  });
  const policy = sealPolicyOf(options.seal);
  const now = options.now ?? wallClock;
  await recover({
    db,
    transact: (body) => lock.write(body),
    exchange,
    liveDb,
    liveDir: layout.liveDir(exchange),
    segmentsDir: layout.segmentsDir(exchange),
    quarantineDir: layout.quarantine,
    now,
    memoryLimitMb: policy.memoryLimitMb,
    onEvent: options.onEvent,
    signal: lock.signal,
  });
  const state = loadState(db, new DayWindows(calendar));
  const { onEvent } = options;
  const writer = new Writer({ layout, exchange, db, lock, state, now, onEvent });
  const metrics = new Metrics();
  const sealer = new Sealer(writer, metrics, policy, options.synchronous ?? 'full');
  const order = new SourceOrder((source) => state.marks.get(source));
  const queue = new AppendQueue(order, options.backpressure);
  const supervisor = new Supervisor({
    writer,
    wal,
    ballast,
    sealer,
    heartbeatMs: options.heartbeatMs ?? 1_000,
    latenessMs: options.latenessMs ?? 5_000,
  });
  const groups = new GroupWriter({
    writer,
    queue,
    registry,
    metrics,
    onCommit: () => supervisor.tend(),
    makeRoom: () => supervisor.makeRoom(),
  });
  const flusher = new Flusher({
    writer,
    queue,
    groups,
    flushRows: options.flushRows ?? 1_000,
    flushMs: options.flushMs ?? 10,
  });
  supervisor.start();
  return new SqliteLiveBuffer({
    writer,
    queue,
    groups,
    flusher,
    sealer,
    supervisor,
    wal,
    metrics,
    garbageMs: policy.garbageMs,
    held: held.move(),
  });
}

/** The lock goes last: live.db is closed before it. */
async function lockFor(
  options: LiveBufferOptions,
  db: SqliteDatabase,
  held: Disposal,
): Promise<WriterLock> {
  try {
    const lock = await WriterLock.acquire(options.layout.liveDir(options.exchange), {
      purpose: options.purpose ?? 'ingestor',
      fence: db,
      waitMs: options.waitMs,
      signal: options.signal,
    });
    held.use(lock);
    held.defer(() => void db.close());
    return lock;
  } catch (error) {
    db.close();
    throw error;
  }
}

async function prepare(
  db: SqliteDatabase,
  options: LiveBufferOptions,
  liveDir: string,
): Promise<void> {
  // Readers of a new file can stand in the way of the change to WAL for a moment.
  db.pragma(`busy_timeout = ${OPEN_TIMEOUT_MS}`);
  db.pragma('journal_mode = WAL');
  db.pragma(`synchronous = ${options.synchronous === 'normal' ? 'NORMAL' : 'FULL'}`);
  migrate(db, 'live', TOOL_VERSION);
  db.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
  db.defaultSafeIntegers(true);
  await syncFolder(liveDir);
}
