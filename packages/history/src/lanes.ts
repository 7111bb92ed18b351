import type { DuckConnection } from './duck.ts';

/**
 * Runs a task for each item, on connections of one instance: each takes the next item when it is free. Answers in the order of
 * the items. When a task throws no other is begun, and all that run have ended before the error is passed on.
 */
export async function onLanes<Item, Result>(
  lanes: readonly DuckConnection[],
  items: readonly Item[],
  task: (item: Item, lane: DuckConnection) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = [...items.entries()];
  const serve = async (lane: DuckConnection): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift())
      try {
        results[next[0]] = await task(next[1], lane);
      } catch (error) {
        waiting.length = 0;
        throw error;
      }
  };
  await allEnded(lanes.map(serve));
  return results;
}

/** `Promise.all` that waits for every one also when one fails: a connection must not be closed under a statement. */
export async function allEnded<Results extends readonly unknown[]>(
  running: { [Index in keyof Results]: Promise<Results[Index]> },
): Promise<Results> {
  await Promise.allSettled(running);
  return (await Promise.all(running)) as unknown as Results;
}
