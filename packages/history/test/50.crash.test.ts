import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { checkManifest, Manifest } from '@tb/history';
import { layoutOf } from '@tb/schema';
import { tempRoot } from '@tb/testkit';

const CHILD = fileURLToPath(new URL('children/build-and-publish.mjs', import.meta.url));
const DATE = '2026-02-02';

function run(root: string, killAt: string): { signal: string | null; hashes: string } {
  const child = spawnSync(process.execPath, [CHILD, root, DATE, killAt], { encoding: 'utf8' });
  if (child.status !== 0 && child.signal === null) throw new Error(child.stderr);
  return { signal: child.signal, hashes: child.stdout };
}

describe('a process killed with SIGKILL', () => {
  let undisturbed: string;
  beforeAll(() => {
    using root = tempRoot('history-crash');
    undisturbed = run(root.at('data'), 'none').hashes;
    expect(JSON.parse(undisturbed)).toHaveLength(6);
  }, 60_000);

  const before = [
    ...[
      'ticks-attached',
      'ticks-inserted',
      'ticks-checkpointed',
      'ticks-detached',
      'ticks-verified',
    ],
    ...['1m-attached', '5m-inserted', '15m-hashed', '1h-protected', '1d-synced'],
    ...['gated', 'linked', 'unlinked', 'folders-synced', 'in-transaction'],
  ];
  test.each([...before, 'published'])(
    'at %s: all of the date is visible or nothing; run again, it is as undisturbed',
    async (step) => {
      using root = tempRoot('history-crash');
      const layout = layoutOf(root.at('data'));
      expect(run(layout.root, step).signal).toBe('SIGKILL');
      using manifest = Manifest.openReader(layout);
      const after = manifest.snapshot();
      expect(after.revisionsOf('nse', DATE)).toHaveLength(step === 'published' ? 6 : 0);

      const again = run(layout.root, 'none');
      expect(again.hashes).toBe(undisturbed);
      expect(await checkManifest(layout, manifest.snapshot(), { full: true })).toEqual([]);
      const names = readdirSync(layout.marketData, { recursive: true, encoding: 'utf8' });
      expect(names.filter((name) => name.includes('.tmp-'))).toEqual([]);
      expect(existsSync(layout.absolute('market_data/nse/ticks/2026-02-02.duckdb'))).toBe(true);
    },
    60_000,
  );
});
