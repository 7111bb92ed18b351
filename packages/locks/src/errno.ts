const NO_SPACE: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'SQLITE_FULL']);

/** The code of a system or SQLite error; '' when it has none. */
export function errnoOf(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : '';
}

export function isNoSpace(error: unknown): boolean {
  return NO_SPACE.has(errnoOf(error));
}
