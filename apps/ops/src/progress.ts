/** Says how far a long job is. `update` is cheap and may be called per row. */
export interface Progress {
  /** @param done Units done so far, of the total given at the start (or of none, when it is not known). */
  update(done: number): void;
  /** The job ended; clears the bar. */
  end(): void;
}

const SILENT: Progress = { update: () => undefined, end: () => undefined };
const BAR_WIDTH = 24;
const QUIET_FIRST_MS = 2000;
const REDRAW_MS = 200;

/**
 * @param stream stderr: stdout belongs to the result.
 * @returns A bar with rate and time left when the stream is a terminal and the work takes over two seconds; else a line
 *   per 10 % (or per 10 seconds when the total is not known).
 */
export function progressOn(
  stream: NodeJS.WriteStream,
  label: string,
  total: number | undefined,
  quiet: boolean,
): Progress {
  if (quiet) return SILENT;
  const startedMs = performance.now();
  let drawnMs = startedMs;
  let tenth = 0;
  let isDrawn = false;
  const rate = (done: number, nowMs: number): string => {
    const perSecond = done / Math.max((nowMs - startedMs) / 1000, 0.001);
    const left =
      total === undefined || perSecond === 0
        ? ''
        : `, ${Math.ceil((total - done) / perSecond)} s left`;
    return `${Math.round(perSecond).toLocaleString('en-US')}/s${left}`;
  };
  const draw = (done: number, nowMs: number): void => {
    const share = total ? Math.min(done / total, 1) : 0;
    const bar = total
      ? `[${'='.repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH)}] ${(share * 100).toFixed(0)} %`
      : '';
    stream.write(`\r\u001b[2K${label} ${bar} ${done.toLocaleString('en-US')} ${rate(done, nowMs)}`);
    isDrawn = true;
  };
  return {
    update: (done) => {
      const nowMs = performance.now();
      if (nowMs - startedMs < QUIET_FIRST_MS) return;
      if (stream.isTTY) {
        if (nowMs - drawnMs < REDRAW_MS) return;
        drawnMs = nowMs;
        draw(done, nowMs);
        return;
      }
      const reached = total
        ? Math.floor((done / total) * 10)
        : Math.floor((nowMs - startedMs) / 10_000);
      if (reached <= tenth) return;
      tenth = reached;
      stream.write(
        `${label} ${total ? `${reached * 10} %, ` : ''}${done.toLocaleString('en-US')} done, ${rate(done, nowMs)}\n`,
      );
    },
    end: () => {
      if (isDrawn) stream.write('\r\u001b[2K');
    },
  };
}
