import type { Scenario } from '../scenario.ts';
import { liveScenario } from './live-scenario.ts';

/** A feed that sends on without waiting: several commits, each of which may fail while the next ones are queued. */
export const scenario: Scenario = liveScenario('live-pipeline', 24_000, 'pipeline');
