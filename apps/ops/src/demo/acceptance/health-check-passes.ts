import { chmod, open } from 'node:fs/promises';
import type { FileEntry } from '@tb/history';
import type { Layout } from '@tb/schema';
import { checkHealth, type HealthReport } from '../../health/check-health.ts';
import type { Acceptance } from './acceptance.ts';

/** `tb health` on the result; and it fails when one byte of a day file is changed. The byte is put back. */
export async function healthCheckPasses(layout: Layout, file: FileEntry): Promise<Acceptance> {
  const good = await checkHealth(layout);
  const path = layout.absolute(file.path);
  const original = await flipByte(path, Math.floor(file.sizeBytes / 2));
  const bad = await checkHealth(layout);
  await flipByte(path, Math.floor(file.sizeBytes / 2), original);
  const again = await checkHealth(layout);
  const caught = bad.findings.filter(
    (finding) => finding.status === 'fail' && finding.subject.includes(file.path),
  );
  return {
    name: 'Health check passes',
    isPassed:
      good.verdict !== 'fail' &&
      bad.verdict === 'fail' &&
      caught.length > 0 &&
      again.verdict !== 'fail',
    figure: `${summaryOf(good)}; with one byte of ${file.path} changed: ${bad.verdict}; put back: ${again.verdict}`,
  };
}

function summaryOf(report: HealthReport): string {
  const count = (status: string): number =>
    report.findings.filter((finding) => finding.status === status).length;
  return `${report.verdict} (${count('ok')} ok, ${count('warn')} warn, ${count('fail')} fail)`;
}

/** Writes one byte, the given one or the old one with its bits turned, past the file's protection. @returns the old one. */
async function flipByte(path: string, at: number, value?: number): Promise<number> {
  await chmod(path, 0o644);
  const file = await open(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, at);
    const old = byte[0] ?? 0;
    await file.write(Buffer.from([value ?? old ^ 0xff]), 0, 1, at);
    return old;
  } finally {
    await file.close();
    await chmod(path, 0o444);
  }
}
