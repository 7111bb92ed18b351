import type { LiveReader, LiveReaderOptions } from './live-reader.ts';

export function openLiveReader(options: LiveReaderOptions): LiveReader {
  throw new Error(`not written yet: ${options.exchange}`);
}
