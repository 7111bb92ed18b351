import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Scenario } from '@tb/testkit';

const script = fileURLToPath(new URL('./children/publish-file.mjs', import.meta.url));
const WHOLE = 'published '.repeat(2000);

/** A file is replaced under a new name; `bug` plants one. A plain Node script: exit 1 and a stack are its clear error. */
export function publishing(bug: string): Scenario {
  const whole = (root: string): boolean =>
    existsSync(`${root}/new.txt`) && readFileSync(`${root}/new.txt`, 'latin1') === WHOLE;
  return {
    name: 'publish',
    commands: [],
    errorExits: [1],
    errorPattern: /Error: E[A-Z]+: /,
    prepare: async (root) => writeFileSync(`${root}/old.txt`, 'old'),
    command: (root) => ({ argv: [process.execPath, script, root, bug] }),
    check: async (root, { acked }) => {
      const problems: string[] = [];
      if (existsSync(`${root}/new.txt`) && !whole(root))
        problems.push('the published file is not whole');
      if (acked !== '' && !whole(root)) problems.push('the acked file is not there');
      if (!existsSync(`${root}/old.txt`) && !whole(root))
        problems.push('old and new are both gone');
      return problems;
    },
    digest: async (root) =>
      createHash('sha256')
        .update(readFileSync(`${root}/new.txt`))
        .digest('hex'),
  };
}
