import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  assertStrategyDefinition,
  builtInStrategies,
  getStrategy,
  type StrategyDefinition,
} from '@tb/backtest';
import { OpsError } from '../errors.ts';

/**
 * A strategy by its id, or from a module: a path that ends in .js or .mjs, whose default export (or export `strategy`) is a
 * strategy definition. The module runs with all rights of this process: name only files that you trust.
 * @throws `STRATEGY_UNKNOWN`, `INPUT_UNREADABLE`
 */
export async function loadStrategy(name: string): Promise<StrategyDefinition> {
  if (!/\.(?:js|mjs|cjs)$/.test(name)) return getStrategy(name, builtInStrategies);
  let module: Readonly<Record<string, unknown>>;
  try {
    module = (await import(pathToFileURL(resolve(name)).href)) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw new OpsError(
      'INPUT_UNREADABLE',
      `Strategy module ${name} does not load: ${(cause as Error).message.split('\n')[0]}`,
      { hint: 'Check the path; the module must be JavaScript.', cause },
    );
  }
  const definition = module['default'] ?? module['strategy'];
  assertStrategyDefinition(definition);
  return definition;
}
