import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { OPEN, SECOND, stage, ticks } from './fixture.ts';

const onLinux = process.platform === 'linux' ? test : test.skip;

/** Pids of the children of this process that work on segments. */
function segmentChildren(): number[] {
  return readdirSync('/proc/self/task')
    .flatMap((thread) => readFileSync(`/proc/self/task/${thread}/children`, 'utf8').split(' '))
    .filter((pid) => pid !== '' && commandOf(pid).includes('segment-child'))
    .map(Number);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // it ended between the two looks
  }
}

onLinux('one child serves one seal after another, and ends with the buffer', async () => {
  await using at = stage('one-child');
  const buffer = await at.open({ seal: { auto: false } });
  const seen: number[][] = [];
  for (let k = 0; k < 3; k++) {
    await buffer.append(ticks(10, OPEN + BigInt(k) * SECOND));
    await buffer.seal();
    seen.push(segmentChildren());
  }
  expect(seen[0]).toHaveLength(1);
  expect(seen).toEqual([seen[0], seen[0], seen[0]]);
  await buffer.close();
  expect(segmentChildren()).toEqual([]);
});

onLinux('a child that was killed while it waited is replaced', async () => {
  await using at = stage('killed-child');
  const buffer = await at.open({ seal: { auto: false } });
  await buffer.append(ticks(10));
  await buffer.seal();
  process.kill(segmentChildren()[0]!, 'SIGKILL');
  await buffer.append(ticks(10, OPEN + SECOND));
  // The news of its death may come before the job or during it: then the job fails, nothing is moved, and may be repeated.
  const sealed = await buffer.seal().catch(() => buffer.seal());
  expect(sealed).toMatchObject([{ rows: 10 }]);
  expect(at.reader().snapshot().days).toMatchObject([{ rows: 20 }]);
});
