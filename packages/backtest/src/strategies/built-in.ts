import type { StrategyDefinition } from '../strategy.ts';
import { meanReversion } from './mean-reversion.ts';
import { movingAverageCross } from './moving-average-cross.ts';

/** The strategies that ship with this package: examples to copy, not advice. */
export const builtInStrategies: readonly StrategyDefinition[] = [movingAverageCross, meanReversion];
