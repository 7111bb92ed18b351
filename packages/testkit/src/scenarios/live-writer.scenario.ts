import type { Scenario } from '../scenario.ts';
import { liveScenario } from './live-scenario.ts';

/** A feed that waits for each ack, with seals and a compaction in between. */
export const scenario: Scenario = liveScenario('live-writer', 1500);
