/** Named points of acquire and release, in order; tests kill a process at each. */
export type LockStep =
  | 'guard-taken'
  | 'judged'
  | 'epoch-issued'
  | 'record-written'
  | 'directory-made'
  | 'release-marked'
  | 'directory-removed'
  | 'record-released'
  | 'guard-closed';

/** What a lock tells while it works. Libraries do not log: the caller decides. */
export type LockEvent =
  | { readonly type: 'step'; readonly step: LockStep }
  /** The first attempt was refused; polling until the deadline. */
  | { readonly type: 'waiting'; readonly refusal: Error }
  /** A dead writer's place was taken; `why` names the evidence. */
  | { readonly type: 'reclaimed'; readonly why: string }
  /** Somebody else touched the heartbeat directory; it was made again. */
  | { readonly type: 'heartbeat-restored'; readonly cause: Error }
  /** The heartbeat could not be written; the OS lock still holds. Tried again each second. */
  | { readonly type: 'heartbeat-failed'; readonly cause: Error }
  | { readonly type: 'lost'; readonly cause: Error };

export type EventListener = (event: LockEvent) => void;

/** @internal A listener that throws must not disturb the lock: its error surfaces as an uncaught exception. */
export function notifier(listener: EventListener | undefined): EventListener {
  if (listener === undefined) return () => {};
  return (event) => {
    try {
      listener(event);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  };
}
