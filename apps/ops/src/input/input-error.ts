import { OpsError } from '../errors.ts';

/** What an error of reading an input means to the user. */
export function inputError(name: string, cause: unknown): OpsError {
  if ((cause as { name?: unknown }).name === 'OpsError') return cause as OpsError;
  const code = (cause as { code?: string }).code;
  if (code === 'ENOENT')
    return new OpsError('INPUT_MISSING', `Input ${name} does not exist`, { cause });
  if (code === 'EACCES' || code === 'EPERM')
    return new OpsError('INPUT_MISSING', `Input ${name} may not be read (${code})`, { cause });
  if (code === 'EISDIR')
    return new OpsError('INPUT_UNREADABLE', `Input ${name} is a folder`, {
      hint: 'Name the files.',
      cause,
    });
  if (code === 'Z_BUF_ERROR')
    return new OpsError('INPUT_TRUNCATED', `Input ${name} is a gzip file that ends too early`, {
      cause,
    });
  if (code?.startsWith('Z_'))
    return new OpsError('INPUT_UNREADABLE', `Input ${name} is not a whole gzip file (${code})`, {
      cause,
    });
  return new OpsError(
    'INPUT_UNREADABLE',
    `Input ${name} cannot be read: ${(cause as Error).message}`,
    { cause },
  );
}
