// Builds and publishes one trading date, and kills itself with SIGKILL at a named step.
// Arguments: root, trading date, step or 'none'. Prints the content hashes.
import { calendarOf } from '@tb/calendar';
import {
  buildDay,
  initialiseMarketData,
  ManifestWriter,
  openBuildInstance,
  publishFiles,
} from '@tb/history';
import { layoutOf } from '@tb/schema';

const [root, tradingDate, killAt] = process.argv.slice(2);
const dieAt = (step) => {
  if (step === killAt) process.kill(process.pid, 'SIGKILL');
};

const layout = layoutOf(root);
const calendar = calendarOf('nse');
const session = calendar.sessionOf(tradingDate);
await initialiseMarketData({ layout, purpose: 'child', waitMs: 5000 });
const now = () => {
  dieAt('in-transaction');
  return BigInt(Date.now()) * 1_000_000n;
};
const writer = await ManifestWriter.open({ layout, purpose: 'child', waitMs: 5000, now });
if (writer.snapshot().isPublished('nse', tradingDate)) {
  const files = writer.snapshot().revisionsOf('nse', tradingDate);
  process.stdout.write(JSON.stringify(files.map((file) => file.contentHash)));
} else {
  const sids = await writer.sidsOf('nse', ['A', 'B'], tradingDate);
  const duck = await openBuildInstance({ threads: 1 });
  await duck.connection.run(
    `CREATE TABLE ticks AS SELECT (1 + i % 2)::INTEGER AS sid, make_timestamp_ns(${session.open} + i * 7500000000) AS ts,
       i::BIGINT AS seq, (100 + hash(i) % 100)::DOUBLE AS price, (hash(i + 1) % 9)::DOUBLE AS volume, NULL::DOUBLE AS bid, NULL::DOUBLE AS ask
     FROM range(0, 3000) AS t (i)`,
  );
  const result = await buildDay(duck.connection, {
    layout,
    session,
    calendar,
    revision: 1,
    source: { ticks: 'FROM ticks' },
    symbols: new Map([...sids].map(([symbol, sid]) => [sid, symbol])),
    sourceFingerprint: 'child',
    onStep: (step, key) => {
      dieAt(step);
      if (key) dieAt(`${key.timeframe || 'ticks'}-${step}`);
    },
  });
  if (!result.ok) throw new Error(JSON.stringify(result.gates.filter((gate) => !gate.ok)));
  duck.close();
  await publishFiles(writer, result.files, { onStep: dieAt });
  process.stdout.write(JSON.stringify(result.files.map((file) => file.contentHash)));
}
await writer.close();
