import { type Command, runCommand } from './command.ts';
import type { Platform, ProcessLook } from './platform.ts';
import { existsBySignal } from './signal-probe.ts';

/**
 * Written from the manuals and tested on recorded output; not run on Windows (see README). The start time costs a
 * PowerShell of about a second: it is asked once for this process, and for a holder only when the guard is free.
 */
export function windowsPlatform(
  run: Command = runCommand,
  exists: (pid: number) => ProcessLook['exists'] = existsBySignal,
): Platform {
  const registry = (key: string, value: string): string | null => {
    const out = run('reg', ['query', key, '/v', value]);
    return new RegExp(`${value}\\s+REG_\\w+\\s+(\\S+)`).exec(out?.stdout ?? '')?.[1] ?? null;
  };
  const startTimes = new Map<number, string>();
  return {
    machineId: () => registry('HKLM\\SOFTWARE\\Microsoft\\Cryptography', 'MachineGuid'),
    // A counter of boots. LastBootUpTime moves with the clock, and a moved one would read as "rebooted".
    bootId: () =>
      registry(
        'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Memory Management\\PrefetchParameters',
        'BootId',
      ),
    pidNs: () => 'none', // Windows has one pid space
    process: (pid) => {
      const own = startTimes.get(pid);
      if (own !== undefined) return { exists: 'yes', state: null, startTime: own };
      const startTime = queryStartTime(run, pid);
      if (startTime === null) return { exists: exists(pid), state: null, startTime: null };
      if (pid === process.pid) startTimes.set(pid, startTime);
      return { exists: 'yes', state: null, startTime };
    },
    networkFs: (dir) =>
      /^[\\/]{2}(?![?.][\\/])/.test(dir) || /^\\\\\?\\UNC\\/i.test(dir) ? 'UNC path' : undefined,
  };
}

function queryStartTime(run: Command, pid: number): string | null {
  const script = `(Get-CimInstance Win32_Process -Filter "ProcessId=${pid}").CreationDate.ToUniversalTime().Ticks`;
  const out = run('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', script]);
  return /^\s*(\d{10,})\s*$/.exec(out?.stdout ?? '')?.[1] ?? null;
}
