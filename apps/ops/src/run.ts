import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { registerCommands } from './commands/index.ts';
import { type Context, type GlobalOptions, layoutFrom } from './context.ts';
import type { Execute } from './execute.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { printError, printResult } from './output.ts';
import { progressOn } from './progress.ts';

/**
 * The whole of `tb`: parses, runs one command, prints, and gives the exit code back. The only place that turns errors into
 * text and exit codes.
 */
export async function run(argv: readonly string[]): Promise<ExitCode> {
  let exit: ExitCode = EXIT.done;
  const stop = stopSignal();
  const execute: Execute = async (command, action) => {
    const context = contextOf(command.optsWithGlobals<GlobalOptions>(), stop.signal);
    const name = nameOf(command);
    try {
      exit = printResult(context, name, await action(context), process.stdout);
    } catch (error) {
      exit = await printError(context, name, error, process);
    }
  };
  try {
    const program = await programOf(execute, argv);
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    exit = await usageError(error, argv);
  } finally {
    stop.dispose();
  }
  return exit;
}

async function programOf(execute: Execute, argv: readonly string[]): Promise<Command> {
  const program = new Command('tb');
  program
    .description(
      'The data layer of a trading platform: six databases, one writer each, any number of readers.',
    )
    .option('--root <dir>', 'data root (default: TB_ROOT, else ./data)')
    .option('--json', 'print exactly one JSON object on stdout')
    .option('--quiet', 'no progress and no log lines')
    .option('--verbose', 'print the stack of an error')
    .version(toolVersion(), '--version', 'print the version')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError(false)
    .exitOverride();
  program.configureOutput({ outputError: () => undefined });
  await registerCommands(program, execute, argv);
  for (const command of everyCommand(program)) {
    command
      .exitOverride()
      .configureHelp({ showGlobalOptions: true })
      .configureOutput({ outputError: () => undefined });
  }
  return program;
}

function toolVersion(): string {
  const manifest = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  ) as { version: string };
  return manifest.version;
}

function* everyCommand(command: Command): Generator<Command> {
  for (const child of command.commands) {
    yield child;
    yield* everyCommand(child);
  }
}

/** `backtest run`, not `run`. */
function nameOf(command: Command): string {
  const parent = command.parent;
  return parent?.parent ? `${nameOf(parent)} ${command.name()}` : command.name();
}

function contextOf(options: GlobalOptions, signal: AbortSignal): Context {
  const quiet = options.quiet === true;
  return {
    layout: layoutFrom(options, process.env),
    json: options.json === true,
    quiet,
    verbose: options.verbose === true,
    signal,
    startedAt: new Date(),
    log: (line) => void (quiet || process.stderr.write(`${line}\n`)),
    progress: (label, total) => progressOn(process.stderr, label, total, quiet),
  };
}

/**
 * The first SIGINT or SIGTERM asks for a stop at the next safe point; the second one ends the process as usual. The listener
 * stays until then: proper-lockfile listens too (signal-exit), and ends the process when it finds itself alone.
 */
function stopSignal(): { signal: AbortSignal; dispose: () => void } {
  const controller = new AbortController();
  const stop = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      dispose();
      process.kill(process.pid, name);
      return;
    }
    process.stderr.write(`${name}: stopping at the next safe point\n`);
    controller.abort();
  };
  const dispose = (): void => {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return { signal: controller.signal, dispose };
}

/** What commander throws: help and version are no errors; the rest is wrong usage. */
async function usageError(error: unknown, argv: readonly string[]): Promise<ExitCode> {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
  // `tb` alone: commander has printed the help.
  if (error instanceof CommanderError && error.code === 'commander.help') return EXIT.usage;
  const message =
    error instanceof CommanderError ? error.message.replace(/^error: /, '') : undefined;
  const wrapped =
    message === undefined
      ? error
      : Object.assign(new Error(message), {
          code: 'commander.usage',
          hint: 'see `tb --help`, or `tb COMMAND --help`',
        });
  const context = contextOf(
    { json: argv.includes('--json'), verbose: argv.includes('--verbose') },
    new AbortController().signal,
  );
  return printError(context, argv.find((word) => !word.startsWith('-')) ?? 'tb', wrapped, process);
}
