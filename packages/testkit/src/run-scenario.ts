import { type CampaignResult, runCampaign } from './campaign.ts';
import { runDeaths } from './death-campaign.ts';
import { formatReplay } from './fault-mode.ts';
import type { Plan } from './fault-plan.ts';
import { runPowerCuts } from './power-cut-campaign.ts';
import { currentCommit, type ScenarioResult, saveResult } from './results.ts';
import type { Scenario } from './scenario.ts';
import type { Trial } from './trial.ts';

/** A line for each violation at once, and for progress every 100 trials. */
function reporter(scenario: string): (trial: Trial) => void {
  let done = 0;
  return (trial) => {
    done += 1;
    for (const problem of trial.violations)
      process.stderr.write(`VIOLATION TB_FAULT=${formatReplay(trial.replay)}: ${problem}\n`);
    if (done % 100 === 0)
      process.stderr.write(`${scenario}: ${done} points, last ${formatReplay(trial.replay)}\n`);
  };
}

function stretchLines({ scenario, tried }: CampaignResult): string {
  return tried
    .map(({ mode, from, to, isEnd }) =>
      isEnd
        ? `${scenario} ${mode}: every call from ${from} to the last one, ${to}\n`
        : `${scenario} ${mode}: stopped after ${to}; --mode ${mode} --from ${to + 1} goes on\n`,
    )
    .join('');
}

/**
 * Runs the plan on one scenario. What was found so far is saved after each mode, every 100 faults, and after each kind
 * of disk; `signal` ends the run after the fault, or the kind of disk, that is being tried.
 */
export async function runScenario(
  scenario: Scenario,
  plan: Plan,
  signal: AbortSignal,
): Promise<ScenarioResult> {
  const startedAt = new Date();
  const { modes, from, to, seed, compound, depth, points, deaths, states, files } = plan;
  const run = { commit: currentCommit(), node: process.version };
  process.stderr.write(`faults ${scenario.name}, seed ${seed}\n`);
  const keep = (
    found: Pick<ScenarioResult, 'faults'> & Partial<ScenarioResult>,
  ): ScenarioResult => {
    const result: ScenarioResult = {
      ...{ scenario: scenario.name, commands: scenario.commands },
      ...{ deaths: undefined, powerCuts: undefined, mutations: undefined },
      ...found,
      startedAt: startedAt.toISOString(),
      durationMs: Date.now() - startedAt.getTime(),
      ...run,
    };
    saveResult(result);
    return result;
  };
  const faults = await runCampaign(scenario, {
    ...{ modes, from, seed, compound, depth, signal },
    ...(to === undefined ? {} : { to }),
    ...(points === undefined ? {} : { pointsPerMode: points }),
    onTrial: reporter(scenario.name),
    onProgress: (soFar) => void keep({ faults: soFar }),
  });
  process.stderr.write(stretchLines(faults));
  let result = keep({ faults });
  if (deaths > 0 && !signal.aborted)
    result = keep({
      ...result,
      deaths: await runDeaths(scenario, { seed, limit: deaths, rerunEvery: 8 }),
    });
  if (states > 0 && !signal.aborted)
    result = keep({
      ...result,
      powerCuts: await runPowerCuts(scenario, { seed, states, rerunEvery: 10 }),
    });
  if (files > 0 && !signal.aborted)
    result = keep({ ...result, mutations: await scenario.mutate?.({ seed, count: files }) });
  return result;
}
