import type { ErrorEntry } from '@tb/schema';

/** docs/errors.md from the error tables of all packages: one table per class, a row per code. */
export function errorsDocument(
  tables: Readonly<Record<string, Readonly<Record<string, ErrorEntry>>>>,
): string {
  const head = [
    '# Errors',
    '',
    'Every error has a stable `code`, a `hint` that says what to do, `retryable`, and its `cause`. Check `name` and `code`,',
    'not `instanceof`. A code keeps its meaning for ever. Exit is what `tb` exits with: 1 a bug, 2 wrong usage, 3 refused,',
    '4 integrity, 75 temporary: try again.',
    '',
    'Made by `pnpm docs` from the tables in the code; a test compares the two.',
    '',
  ];
  const sections = Object.entries(tables).map(([name, table]) =>
    [
      `## ${name}`,
      '',
      '| code | exit | cause | what to do |',
      '|---|---|---|---|',
      ...Object.entries(table).map(
        ([code, entry]) =>
          `| \`${code}\` | ${entry.exit} | ${cell(entry.cause)} | ${cell(entry.action)} |`,
      ),
      '',
    ].join('\n'),
  );
  return `${head.join('\n')}\n${sections.join('\n')}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
