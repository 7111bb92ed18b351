import { type Command, runCommand } from './process-group.ts';

/** Names of the commands that a help text lists. */
export function commandsInHelp(help: string): string[] {
  const list = help.split(/^Commands:\n/m)[1] ?? '';
  const names: string[] = [];
  for (const line of list.split('\n')) {
    if (line.trim() === '') break;
    const name = /^ {2}([a-z][a-z-]*)/.exec(line)?.[1];
    if (name !== undefined && !line.startsWith('   ')) names.push(name);
  }
  return names;
}

/** Every command of `tb`, those below a group as `group command`. @throws Error when `tb --help` fails. */
export async function tbCommands(help: (...args: string[]) => Command): Promise<string[]> {
  const helpOf = async (...args: string[]): Promise<string> => {
    const run = await runCommand(help(...args, '--help'));
    if (run.exitCode !== 0) throw new Error(`tb ${args.join(' ')} --help: ${run.stderr}`);
    return run.stdout;
  };
  const out: string[] = [];
  for (const name of commandsInHelp(await helpOf())) {
    const below = name === 'help' ? [] : commandsInHelp(await helpOf(name));
    if (below.length === 0) out.push(name);
    else out.push(...below.filter((sub) => sub !== 'help').map((sub) => `${name} ${sub}`));
  }
  return out;
}
