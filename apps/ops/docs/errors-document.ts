import type { ErrorEntry } from '@tb/schema';

type Table = Readonly<Record<string, ErrorEntry>>;

/**
 * docs/errors.md from the error tables of all packages: one table per class, a row per code; then those of the operating
 * system.
 */
export function errorsDocument(tables: Readonly<Record<string, Table>>, system: Table): string {
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
  const sections = Object.entries(tables).map(([name, table]) => section(name, '', table));
  const last = section(
    'Operating system',
    'Errors of the system are thrown as Node makes them; the message names the call and the file, and `tb` adds what to do.\n\n',
    system,
  );
  return `${head.join('\n')}\n${[...sections, last].join('\n')}`;
}

function section(title: string, text: string, table: Table): string {
  return [
    `## ${title}`,
    '',
    `${text}| code | exit | cause | what to do |`,
    '|---|---|---|---|',
    ...Object.entries(table).map(
      ([code, entry]) =>
        `| \`${code}\` | ${entry.exit} | ${cell(entry.cause)} | ${cell(entry.action)} |`,
    ),
    '',
  ].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
