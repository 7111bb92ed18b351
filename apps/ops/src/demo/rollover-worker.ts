import { DatabaseManager } from '@tb/manager';
import { rollover } from '../rollover/rollover.ts';
import { serveWorker } from '../worker/serve-worker.ts';

export interface DemoRolloverJob {
  readonly root: string;
  readonly exchange: string;
  readonly tradingDate: string;
  /** Ends this process by SIGKILL when the rollover reaches that step for the first time. */
  readonly killAt?: string | undefined;
}

export interface DemoRolloverResult {
  readonly status: string;
  readonly steps: readonly string[];
}

/** A rollover in a process of its own, which can be killed at a step. */
serveWorker(async (job: DemoRolloverJob): Promise<DemoRolloverResult> => {
  const steps: string[] = [];
  await using manager = await DatabaseManager.open({
    root: job.root,
    role: 'ingestor',
    exchanges: [job.exchange],
    waitMs: 5000,
  });
  const result = await rollover(
    { tradingDate: job.tradingDate },
    {
      layout: manager.layout,
      live: manager.live(job.exchange),
      calendar: manager.calendarOf(job.exchange),
      waitMs: 5000,
      onStep: (step) => {
        // `build child_write candles 5m`: the steps of one file stand for those of all.
        const name = step.split(' ').slice(0, 2).join(' ');
        if (!steps.includes(name)) steps.push(name);
        if (job.killAt === name) process.kill(process.pid, 'SIGKILL');
      },
    },
  );
  return { status: result.status, steps };
});
