import type { IngestorMessage } from '../ingestor-worker.ts';
import type { ReaderCounts, ReaderMessage } from '../reader-worker.ts';
import type { Acceptance } from './acceptance.ts';

/** What the readers of the day counted, and how soon after its commit a row was seen. */
export interface ReadFigures extends ReaderCounts {
  readonly readers: number;
  readonly freshnessP50Ms: number;
  readonly freshnessP99Ms: number;
}

/** Reads done while writing, rolling over and after a kill: no error, no step back, no row twice. */
export function concurrentReadsWork(figures: ReadFigures): Acceptance {
  const { reads, errors, stepsBack, duplicates } = figures;
  return {
    name: 'Concurrent reads work',
    isPassed:
      reads > 100 &&
      figures.readsAfterRollover > 0 &&
      errors === 0 &&
      stepsBack === 0 &&
      duplicates === 0,
    figure: `${reads} reads of ${figures.rows.toLocaleString('en-US')} rows in ${figures.readers} processes while writing: ${errors} errors, ${stepsBack} steps back, ${duplicates} duplicates; freshness p50 ${figures.freshnessP50Ms.toFixed(0)} ms, p99 ${figures.freshnessP99Ms.toFixed(0)} ms`,
  };
}

/** Freshness: from the acknowledgement of a commit to the first read that saw it, per reader. */
export function readFigures(
  readers: readonly (readonly ReaderMessage[])[],
  ingestor: readonly IngestorMessage[],
): ReadFigures {
  const counts: ReaderCounts = {
    reads: 0,
    errors: 0,
    stepsBack: 0,
    duplicates: 0,
    rows: 0,
    readsAfterRollover: 0,
  };
  const lags: number[] = [];
  const acks = ingestor.flatMap((message) =>
    message.type === 'ack' && message.rows > 0 ? [message] : [],
  );
  for (const messages of readers) {
    for (const message of messages) {
      if (message.type !== 'done') continue;
      for (const key of Object.keys(counts) as (keyof ReaderCounts)[])
        counts[key] += message.counts[key];
    }
    const sights = messages.flatMap((message) => (message.type === 'saw' ? [message] : []));
    let at = 0;
    for (const ack of acks) {
      while (at < sights.length && (sights[at]?.seq ?? 0n) < ack.seq) at += 1;
      const sight = sights[at];
      if (sight) lags.push(Math.max(0, sight.ms - ack.ms));
    }
  }
  lags.sort((a, b) => a - b);
  const quantile = (share: number): number =>
    lags[Math.min(lags.length - 1, Math.floor(lags.length * share))] ?? Number.NaN;
  return {
    ...counts,
    readers: readers.length,
    freshnessP50Ms: quantile(0.5),
    freshnessP99Ms: quantile(0.99),
  };
}
