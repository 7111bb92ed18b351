import { type Canonical, canonicalHash } from './canonical.ts';
import type { ParameterValues } from './parameters.ts';
import type { ResolvedConfig } from './run-config.ts';
import type { RunInput } from './run-history.ts';
import type { StrategyDefinition } from './strategy.ts';

/**
 * sha256 over everything that decides the result of a run: id and version of the strategy, parameters, config with seed,
 * and trading date and sha256 of every file read. Two runs of one fingerprint have equal orders, trades and equity.
 * Paths and revisions are left out: the same bytes are the same history. The order of the files does not matter.
 *
 * @param parameters Resolved, so that a default given and a default taken are the same.
 */
export function fingerprintOf(
  strategy: Pick<StrategyDefinition, 'id' | 'version'>,
  parameters: ParameterValues,
  config: ResolvedConfig,
  inputs: readonly RunInput[],
): string {
  return canonicalHash({
    format: 1,
    strategy: { id: strategy.id, version: strategy.version },
    parameters,
    config: config as unknown as Canonical,
    inputs: inputs.map((input) => `${input.tradingDate} ${input.sha256}`).sort(),
  });
}
