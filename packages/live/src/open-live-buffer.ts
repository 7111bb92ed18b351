import type { LiveBuffer } from './live-buffer.ts';
import type { LiveBufferOptions } from './options.ts';

export async function openLiveBuffer(options: LiveBufferOptions): Promise<LiveBuffer> {
  throw new Error(`not written yet: ${options.exchange}`);
}
