/** The locks of this thread, by real path of the folder. */
interface Entry {
  /** Of the newest acquisition; undefined while that is under way. */
  token: string | undefined;
  state: 'acquiring' | 'held' | 'given-up';
  /** Gives the lock back without waiting; for process exit. Also the strong reference that keeps a guard alive. */
  releaseSync: (() => void) | undefined;
}

interface Registry {
  readonly entries: Map<string, Entry>;
  exitHooked: boolean;
}

/** On globalThis, so that two copies of this module in one thread see each other's locks. */
const KEY = Symbol.for('@tb/locks');

function registry(): Registry {
  const holder = globalThis as { [KEY]?: Registry };
  holder[KEY] ??= { entries: new Map(), exitHooked: false };
  return holder[KEY];
}

/** A folder's slot in this thread, taken before the first await of an acquisition. */
export interface Slot {
  /** From now on this lock is held, and is given back when the process exits. */
  hold(token: string, releaseSync: () => void): void;
  /** The place is free for this thread again. */
  free(): void;
}

/** Call it only when the folder `isTaken` by nobody, with no await between. */
export function takeSlot(dir: string): Slot {
  const { entries } = registry();
  const entry: Entry = {
    token: entries.get(dir)?.token,
    state: 'acquiring',
    releaseSync: undefined,
  };
  entries.set(dir, entry);
  return {
    hold(token, releaseSync) {
      entry.token = token;
      entry.releaseSync = releaseSync;
      entry.state = 'held';
      hookExit();
    },
    free() {
      entry.state = 'given-up';
      entry.releaseSync = undefined;
    },
  };
}

/** Does this thread hold, or just acquire, the lock of that folder? */
export function isTaken(dir: string): boolean {
  const entry = registry().entries.get(dir);
  return entry !== undefined && entry.state !== 'given-up';
}

/** Token of the last lock of that folder that this thread no longer holds. */
export function givenUpToken(dir: string): string | undefined {
  const entry = registry().entries.get(dir);
  return entry?.state === 'held' ? undefined : entry?.token;
}

/** One listener for all locks: process.exit and a normal end release them; a signal needs nothing, the kernel does it. */
function hookExit(): void {
  const shared = registry();
  if (shared.exitHooked) return;
  shared.exitHooked = true;
  process.on('exit', () => {
    for (const entry of shared.entries.values()) entry.releaseSync?.();
  });
}
