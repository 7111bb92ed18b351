import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Platform } from './platform.ts';
import { linuxPlatform } from './platform-linux.ts';
import { macosPlatform } from './platform-macos.ts';
import { windowsPlatform } from './platform-windows.ts';

/** A platform with a host name and clocks: everything outside the folder that the lock looks at. */
export interface Machine extends Platform {
  /** This process, as it will stand in a record. */
  readonly self: () => Identity;
  /** Wall clock, as in mtimes. */
  readonly nowMs: () => number;
  /** Never jumps. */
  readonly monotonicMs: () => number;
  /** Resolves after `ms`; rejects with an AbortError when the signal fires. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<unknown>;
}

/** Who a record names: a process of a boot of a machine. */
export interface Identity {
  readonly pid: number;
  readonly host: string;
  readonly machineId: string | null;
  readonly bootId: string | null;
  readonly pidNs: string | null;
  readonly startTime: string | null;
}

const platforms: Partial<Record<NodeJS.Platform, () => Platform>> = {
  linux: linuxPlatform,
  android: linuxPlatform,
  darwin: macosPlatform,
  win32: windowsPlatform,
};

/** On another system nothing can be read: every recorded holder is foreign, and only a release frees the place. */
const unreadable: Platform = {
  machineId: () => null,
  bootId: () => null,
  pidNs: () => null,
  process: () => ({ exists: 'unknown', state: null, startTime: null }),
  networkFs: () => undefined,
};

let current: Machine | undefined;

/** This machine. What cannot change while the process lives is read once. */
export function thisMachine(): Machine {
  current ??= machineOf(platforms[process.platform]?.() ?? unreadable);
  return current;
}

function machineOf(platform: Platform): Machine {
  const machineId = once(platform.machineId);
  const bootId = once(platform.bootId);
  const pidNs = once(platform.pidNs);
  return {
    ...platform,
    machineId,
    bootId,
    pidNs,
    self: once(() => ({
      pid: process.pid,
      host: hostname(),
      machineId: machineId(),
      bootId: bootId(),
      pidNs: pidNs(),
      startTime: platform.process(process.pid).startTime,
    })),
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
  };
}

function once<T>(read: () => T): () => T {
  let known: { value: T } | undefined;
  return () => {
    known ??= { value: read() };
    return known.value;
  };
}
