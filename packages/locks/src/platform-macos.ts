import { type Command, runCommand } from './command.ts';
import type { Platform, ProcessLook } from './platform.ts';
import { existsBySignal } from './signal-probe.ts';

/** Written from the manuals and tested on recorded output; not run on macOS (see README). */
export function macosPlatform(
  run: Command = runCommand,
  exists: (pid: number) => ProcessLook['exists'] = existsBySignal,
): Platform {
  return {
    machineId: () => {
      const out = run('/usr/sbin/ioreg', ['-rd1', '-c', 'IOPlatformExpertDevice']);
      return /"IOPlatformUUID" = "([^"]+)"/.exec(out?.stdout ?? '')?.[1] ?? null;
    },
    bootId: () => {
      const out = run('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid']);
      return out?.status === 0 ? out.stdout.trim() || null : null;
    },
    pidNs: () => 'none', // macOS has one pid space
    process: (pid) => {
      const out = run('/bin/ps', ['-o', 'stat=', '-o', 'lstart=', '-p', String(pid)]);
      const line = /^\s*(\S)\S*\s+(\S.*\S)\s*$/.exec(out?.stdout ?? '');
      return line === null
        ? { exists: exists(pid), state: null, startTime: null }
        : {
            exists: 'yes',
            state: line[1] ?? null,
            startTime: line[2]?.replace(/\s+/g, ' ') ?? null,
          };
    },
    networkFs: (dir) => {
      // Node gives no file system name here, and type numbers are not fixed: mount(8) tells. The longest match is ours.
      const mounts = [
        ...(run('/sbin/mount', [])?.stdout ?? '').matchAll(/ on (\S.*) \((\w+)[,)]/g),
      ];
      const ours = mounts
        .filter(([, at = '']) => at === '/' || dir === at || dir.startsWith(`${at}/`))
        .sort((a, b) => (b[1]?.length ?? 0) - (a[1]?.length ?? 0))[0]?.[2];
      return ours !== undefined &&
        /^(nfs|smbfs|afpfs|webdav|ftp|macfuse|osxfuse|virtiofs)$/.test(ours)
        ? ours
        : undefined;
    },
  };
}
