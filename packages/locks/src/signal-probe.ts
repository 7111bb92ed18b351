import type { ProcessLook } from './platform.ts';

/** Signal 0 delivers nothing. EPERM: it exists and belongs to somebody else. */
export function existsBySignal(pid: number): ProcessLook['exists'] {
  try {
    process.kill(pid, 0);
    return 'yes';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ESRCH' ? 'no' : code === 'EPERM' ? 'yes' : 'unknown';
  }
}
