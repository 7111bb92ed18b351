import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Random, random } from '@tb/simulator';
import {
  applyBytes,
  type ByteChange,
  type DiskModel,
  type ModelFile,
  ModelFolder,
  type ModelNode,
  type NameModel,
} from './disk-model.ts';
import type { Entry } from './recording.ts';

const SECTOR_BYTES = 512;

/** The disk as it may be after the power went. */
export interface PowerCut {
  /** How many entries of the recording had happened. */
  readonly after: number;
  /** What was acknowledged by then: must be there. */
  readonly acked: string;
  /** Writes this disk into an empty folder; SQLite's `-shm` files are left out. */
  write(target: string): void;
}

export interface PowerCutOptions {
  /** The folder before the command; must be made before the command runs, and is used up. */
  readonly disk: DiskModel;
  readonly entries: readonly Entry[];
  readonly model: NameModel;
  readonly seed: number | string;
  /** How many states, spread over the recording by the seed. */
  readonly states: number;
}

/** Which of a list of pending changes survive: none, all, the first few, or any. */
function survivors(count: number, rng: Random): boolean[] {
  const style = rng.below(6);
  const first = rng.between(0, count);
  const share = rng.next();
  return Array.from({ length: count }, (_, i) => {
    if (style === 0) return false;
    if (style === 1) return true;
    return style < 4 ? i < first : rng.chance(share);
  });
}

/** Some of the sectors of a write: a disk writes 512 bytes whole or not at all, in any order. */
function torn(change: Extract<ByteChange, { kind: 'write' }>, rng: Random): ByteChange[] {
  const { offset, bytes } = change;
  const out: ByteChange[] = [];
  const whole = rng.chance(0.5);
  const cut = offset + rng.below(bytes.length + 1);
  for (let at = offset; at < offset + bytes.length; ) {
    const end = Math.min(offset + bytes.length, (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES);
    if (whole ? end <= cut : rng.chance(0.5))
      out.push({ ...change, offset: at, bytes: bytes.subarray(at - offset, end - offset) });
    at = end;
  }
  return out;
}

function contentOf(file: ModelFile, rng: Random): Buffer {
  let content: Buffer = Buffer.from(file.durable);
  const kept = survivors(file.pending.length, rng);
  file.pending.forEach((change, i) => {
    const fate = rng.next();
    if (change.kind === 'write' && fate < 0.15) {
      for (const part of torn(change, rng)) content = applyBytes(content, part);
    } else if (
      change.kind === 'write' &&
      fate < 0.2 &&
      change.offset + change.bytes.length > content.length
    ) {
      // The length reached the disk, the bytes did not: reads as zeros.
      content = applyBytes(content, {
        ...change,
        kind: 'truncate',
        sizeBytes: change.offset + change.bytes.length,
      });
    } else if (kept[i]) {
      content = applyBytes(content, change);
    }
  });
  return content;
}

/** Names of every folder: the durable ones and a surviving part of the pending ones. */
function namesOf(
  disk: DiskModel,
  model: NameModel,
  rng: Random,
): Map<ModelFolder, Map<string, ModelNode>> {
  const changed = new Map<ModelFolder, Map<string, ModelNode>>();
  const pending = disk.pendingNames;
  const first = rng.between(0, pending.length);
  const kept =
    model === 'ordered' ? pending.map((_, i) => i < first) : survivors(pending.length, rng);
  pending.forEach((parts, i) => {
    if (!kept[i]) return;
    for (const { folder, name, node } of parts) {
      const names = changed.get(folder) ?? new Map(folder.durable);
      if (node === undefined) names.delete(name);
      else names.set(name, node);
      changed.set(folder, names);
    }
  });
  return changed;
}

function writeDisk(disk: DiskModel, model: NameModel, rng: Random, target: string): void {
  const names = namesOf(disk, model, rng);
  const contents = new Map<ModelFile, Buffer>();
  const visit = (folder: ModelFolder, path: string): void => {
    for (const [name, node] of names.get(folder) ?? folder.durable) {
      const at = join(path, name);
      if (node instanceof ModelFolder) {
        mkdirSync(at);
        visit(node, at);
      } else if (!name.endsWith('-shm')) {
        const content = contents.get(node) ?? contentOf(node, rng);
        contents.set(node, content);
        writeFileSync(at, content);
        if ((node.mode & 0o200) === 0) chmodSync(at, node.mode);
      }
    }
  };
  visit(disk.root, target);
}

/**
 * Disks as they may be after a power cut at many moments of one recorded run: each file as of its last fsync, plus a
 * seeded part of what was written since, whole, torn or absent; names by the model. Use each state before asking for
 * the next: the disk moves on.
 */
export function* powerCuts(options: PowerCutOptions): Generator<PowerCut, void, undefined> {
  const { disk, entries, model, seed, states } = options;
  const rng = random(`${seed}:cuts`);
  const moments = Array.from({ length: states }, () => rng.between(0, entries.length)).sort(
    (a, b) => a - b,
  );
  let done = 0;
  let acked = '';
  for (const [index, moment] of moments.entries()) {
    for (; done < moment; done += 1) {
      const entry = entries[done] as Entry;
      disk.apply(entry);
      if (entry.kind === 'ack') acked += entry.text;
    }
    const write = (target: string): void =>
      writeDisk(disk, model, random(`${seed}:${index}`), target);
    yield { after: done, acked, write };
  }
}
