import type { Acquisition, Refusal } from './acquisition.ts';
import { lookAtDirectory, removeDirectory } from './heartbeat.ts';
import { type Judgement, judge } from './judge.ts';
import { type RecordRead, readRecord } from './record.ts';
import { foreignError, guardLostError } from './refusal.ts';
import { givenUpToken } from './registry.ts';
import { staysSilent } from './silence.ts';

/** A process that is being reaped has freed its locks but is still listed. */
export const REAP_MS = 250;
const FOREIGN_QUIET_MS = 60_000;

/**
 * The second factor, with the OS lock in our hands: is the last writer's place free? Removes the directory of a proven
 * dead one.
 * @returns undefined when it is free; the refusal when its owner may live.
 * @throws `GUARD_LOST`, `LOCK_FOREIGN`
 */
export async function settle(acquisition: Acquisition): Promise<Refusal | undefined> {
  const { dir, machine, options, notify } = acquisition;
  const reapedBy = machine.monotonicMs() + REAP_MS;
  for (;;) {
    const record = readRecord(dir);
    const judgement = judge(
      record,
      lookAtDirectory(dir),
      machine.self(),
      machine,
      givenUpToken(dir),
    );
    if (judgement.kind === 'free') return undefined;
    if (judgement.kind === 'alive') {
      if (machine.monotonicMs() >= reapedBy) throw guardLostError(dir, machine, record);
      await machine.sleep(5, options.signal);
      continue;
    }
    const why = await evidence(acquisition, judgement, record);
    if (typeof why !== 'string') return why;
    removeDirectory(dir);
    notify({ type: 'reclaimed', why });
    return undefined;
  }
}

/** Why the recorded holder is dead, or the refusal. */
async function evidence(
  acquisition: Acquisition,
  judgement: Exclude<Judgement, { kind: 'free' | 'alive' }>,
  record: RecordRead,
): Promise<string | Refusal> {
  const { dir, machine, options, foreignIsDead } = acquisition;
  if (judgement.kind === 'dead') return judgement.why;
  if (foreignIsDead) return 'declared dead by the operator';
  const unproven = judgement.kind === 'unproven';
  const quietMs = unproven ? judgement.quietMs : (options.foreignQuietMs ?? FOREIGN_QUIET_MS);
  const watch = unproven ? judgement.looksQuiet : options.foreign === 'after-quiet';
  if (watch && (await staysSilent(dir, quietMs, machine, options.signal)))
    return `silent for ${quietMs} ms`;
  if (unproven) return { reason: judgement.reason };
  throw foreignError(dir, record, judgement.why);
}
