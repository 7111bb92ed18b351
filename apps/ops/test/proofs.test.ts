import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { layoutOf } from '@tb/schema';
import { tempRoot } from '@tb/testkit';
import { readProofs, recordProof } from '../src/backup/proofs.ts';

test('regress-8-torn-proof: what a full disk left of one proof does not swallow the next one', async () => {
  using root = tempRoot('proofs');
  const layout = layoutOf(root.path);
  mkdirSync(layout.backups);
  const proofs = ['a', 'b', 'c'].map((id) => ({
    id,
    at: '2026-02-02T00:00:00.000Z',
    restoreMs: 1,
  }));
  await recordProof(layout, proofs[0]!);
  appendFileSync(join(layout.backups, 'proofs.jsonl'), '{"id":"torn","at":"2026-');
  await recordProof(layout, proofs[1]!);
  await recordProof(layout, proofs[2]!);
  expect(await readProofs(layout)).toEqual(proofs);
});
