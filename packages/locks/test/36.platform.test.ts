import { spawn } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { type Command, runCommand } from '../src/command.ts';
import { linuxPlatform, parseStat } from '../src/platform-linux.ts';
import { macosPlatform } from '../src/platform-macos.ts';
import { windowsPlatform } from '../src/platform-windows.ts';
import { existsBySignal } from '../src/signal-probe.ts';

/** Answers by program and arguments, as they were recorded or stand in the manual. */
function recorded(answers: Record<string, string>): Command {
  return (program, args) => {
    const line = [program, ...args].join(' ');
    const found = Object.entries(answers).find(([start]) => line.startsWith(start));
    return found === undefined ? { status: 1, stdout: '' } : { status: 0, stdout: found[1] };
  };
}

describe('Linux', () => {
  const STAT =
    '23925 (node (worker) 1) T 1 23925 23925 0 -1 4194304 9 0 0 0 5 2 0 0 20 0 11 0 168372 1077 1 2 3';
  const sources = (
    files: Record<string, string>,
    pid = 23925,
  ): Parameters<typeof linuxPlatform>[0] => ({
    read: (path) => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
      return text;
    },
    link: () => 'pid:[4026531836]',
    fsType: () => 0xef53,
    exists: () => 'no',
    pid,
  });

  test('state and start time, when the name holds spaces and parentheses', () => {
    expect(parseStat(STAT)).toEqual({ state: 'T', startTime: '168372' });
  });

  test('identities, and null for what cannot be read', () => {
    const platform = linuxPlatform(
      sources({
        '/etc/machine-id': '3d12\n',
        '/proc/sys/kernel/random/boot_id': '1a59\n',
        '/proc/self/stat': STAT,
        '/proc/23925/stat': STAT,
      }),
    );
    expect(platform.machineId()).toBe('3d12');
    expect(platform.bootId()).toBe('1a59');
    expect(platform.pidNs()).toBe('pid:[4026531836]');
    expect(platform.process(23925)).toEqual({ exists: 'yes', state: 'T', startTime: '168372' });
    expect(platform.process(1)).toEqual({ exists: 'no', state: null, startTime: null });
    const bare = linuxPlatform(sources({ '/etc/machine-id': '\n' }));
    expect([bare.machineId(), bare.bootId()]).toEqual([null, null]);
  });

  test('/proc of another pid namespace tells nothing about our pids', () => {
    const platform = linuxPlatform(
      sources({ '/proc/self/stat': STAT, '/proc/7/stat': STAT.replace('23925', '7') }, 7),
    );
    expect(platform.process(7)).toEqual({ exists: 'no', state: null, startTime: null });
  });

  test.each([
    [0x6969, 'nfs'],
    [-11317950, 'cifs'], // 0xff534d42 as a signed number
    [0xfe534d42, 'smb2'],
    [0x01021997, '9p'],
    [0x65735546, 'fuse or virtiofs'],
    [0xef53, undefined],
    [0x01021994, undefined],
  ])('file system type %d is %s', (type, name) => {
    expect(linuxPlatform({ ...sources({}), fsType: () => type } as never).networkFs('/')).toBe(
      name,
    );
  });
});

describe('macOS, on recorded output', () => {
  const answers = {
    '/usr/sbin/ioreg': '    |   "IOPlatformUUID" = "5C0D1E0B-7F7E-5B6A-9C2D-0A1B2C3D4E5F"\n',
    '/usr/sbin/sysctl -n kern.bootsessionuuid': 'A8E1B3C0-2B1D-4F5E-8A9B-0C1D2E3F4A5B\n',
    '/bin/ps -o stat= -o lstart= -p 612': 'S+   Mon Feb  2 09:15:01 2026    \n',
    '/bin/ps -o stat= -o lstart= -p 613': 'T    Mon Feb  2 09:15:02 2026    \n',
    '/bin/ps -o stat= -o lstart= -p 614': 'Z    Mon Feb  2 09:15:03 2026    \n',
    '/sbin/mount':
      '/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)\n' +
      '/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse)\n' +
      '//user@nas/share on /Volumes/share (smbfs, nodev, nosuid, mounted by user)\n' +
      'nas:/export on /Volumes/share/nfs (nfs)\n',
  };
  const platform = macosPlatform(recorded(answers), () => 'no');

  test('identities', () => {
    expect(platform.machineId()).toBe('5C0D1E0B-7F7E-5B6A-9C2D-0A1B2C3D4E5F');
    expect(platform.bootId()).toBe('A8E1B3C0-2B1D-4F5E-8A9B-0C1D2E3F4A5B');
    expect(platform.pidNs()).toBe('none');
  });

  test('processes: sleeping, stopped, zombie, missing', () => {
    expect(platform.process(612)).toEqual({
      exists: 'yes',
      state: 'S',
      startTime: 'Mon Feb 2 09:15:01 2026',
    });
    expect(platform.process(613).state).toBe('T');
    expect(platform.process(614).state).toBe('Z');
    expect(platform.process(615)).toEqual({ exists: 'no', state: null, startTime: null });
  });

  test('network file systems by the longest mount point', () => {
    expect(platform.networkFs('/Users/bot/data')).toBeUndefined();
    expect(platform.networkFs('/Volumes/share/data')).toBe('smbfs');
    expect(platform.networkFs('/Volumes/share/nfs/data')).toBe('nfs');
    expect(platform.networkFs('/Volumes/shared')).toBeUndefined();
  });

  test('a command that cannot run proves nothing', () => {
    const mute = macosPlatform(
      () => null,
      () => 'yes',
    );
    expect([mute.machineId(), mute.bootId()]).toEqual([null, null]);
    expect(mute.process(1)).toEqual({ exists: 'yes', state: null, startTime: null });
  });
});

describe('Windows, on recorded output', () => {
  const asked: string[] = [];
  const answers = recorded({
    'reg query HKLM\\SOFTWARE\\Microsoft\\Cryptography':
      '\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Cryptography\r\n    MachineGuid    REG_SZ    0f8fad5b-d9cb-469f-a165-70867728950e\r\n\r\n',
    'reg query HKLM\\SYSTEM':
      '\r\nHKEY_LOCAL_MACHINE\\SYSTEM\\...\\PrefetchParameters\r\n    BootId    REG_DWORD    0x1c7\r\n\r\n',
    'powershell.exe -NoProfile -NonInteractive -Command (Get-CimInstance Win32_Process -Filter "ProcessId=612")':
      '639056493012345678\r\n',
  });
  const run: Command = (program, args) => {
    asked.push(program);
    return answers(program, args);
  };

  test('identities', () => {
    const platform = windowsPlatform(run);
    expect(platform.machineId()).toBe('0f8fad5b-d9cb-469f-a165-70867728950e');
    expect(platform.bootId()).toBe('0x1c7');
    expect(platform.pidNs()).toBe('none');
  });

  test('processes: there, missing', () => {
    const platform = windowsPlatform(run, () => 'no');
    expect(platform.process(612)).toEqual({
      exists: 'yes',
      state: null,
      startTime: '639056493012345678',
    });
    expect(platform.process(613)).toEqual({ exists: 'no', state: null, startTime: null });
  });

  test('UNC paths are network paths; long local paths are not', () => {
    const platform = windowsPlatform(run);
    expect(platform.networkFs('\\\\nas\\share\\data')).toBe('UNC path');
    expect(platform.networkFs('//nas/share/data')).toBe('UNC path');
    expect(platform.networkFs('\\\\?\\UNC\\nas\\share')).toBe('UNC path');
    expect(platform.networkFs('\\\\?\\C:\\data')).toBeUndefined();
    expect(platform.networkFs('C:\\data')).toBeUndefined();
  });
});

describe('every system', () => {
  test('signal 0 tells a process from none', async () => {
    expect(existsBySignal(process.pid)).toBe('yes');
    const child = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => child.once('close', resolve));
    expect(existsBySignal(child.pid ?? 0)).toBe('no');
  });

  test('a system command is run without a shell, in a fixed language and zone', () => {
    const out = runCommand(process.execPath, [
      '-e',
      'console.log(process.env.LC_ALL, process.env.TZ)',
    ]);
    expect(out).toEqual({ status: 0, stdout: 'C UTC\n' });
    expect(runCommand('/nonexistent/program', [])).toBeNull();
  });
});
