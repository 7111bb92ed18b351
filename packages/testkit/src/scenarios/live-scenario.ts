import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Evidence, Scenario } from '../scenario.ts';
import {
  feedTicks,
  keptKeys,
  litterProblems,
  marketDigest,
  nseRows,
  tickProblems,
} from './market.ts';

const script = fileURLToPath(new URL('./children/live-writer.mjs', import.meta.url));

/** Keys of the rows that were acknowledged. */
function ackedKeys(sent: readonly string[], { acked }: Evidence): string[] {
  return acked
    .split('\n')
    .filter((line) => line.includes(' '))
    .flatMap((line) => {
      const [first = 0, last = 0] = line.split(' ').map(Number);
      return sent.slice(first - 1, last);
    });
}

/** A writer of the live buffer that acknowledges each batch: no acked row is lost, none is stored twice. */
export function liveScenario(name: string, rows: number, ...args: readonly string[]): Scenario {
  return {
    name,
    commands: [],
    prepare: async (root) => {
      feedTicks(root, rows, 8);
      mkdirSync(join(root, 'data'));
    },
    command: (root) => ({ argv: [process.execPath, script, root, ...args] }),
    check: async (root, evidence) => {
      const sent = keptKeys(root);
      const rows = await nseRows(root);
      const present = new Set(rows.ticks.map((tick) => tick.slice(tick.indexOf('|') + 1)));
      const lost = ackedKeys(sent, evidence).filter((key) => !present.has(key));
      return [
        ...(lost.length > 0
          ? [`${lost.length} acked ticks are lost: ${lost.slice(0, 3).join('; ')}`]
          : []),
        ...tickProblems(rows, sent, evidence.completed),
        ...litterProblems(root, evidence.completed),
      ];
    },
    digest: marketDigest,
  };
}
