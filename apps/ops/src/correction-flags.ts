import type { Explanation } from '@tb/history';
import { OpsError } from './errors.ts';
import type { CorrectionOptions } from './import/import-options.ts';

/** The reason of a correction that was asked for; undefined when none was. @throws `BAD_OPTION` without a reason. */
export function correctionOf(flags: {
  readonly correct?: boolean;
  readonly add?: boolean;
  readonly reason?: string;
}): CorrectionOptions | undefined {
  const name = flags.correct === true ? '--correct' : '--add';
  if (flags.correct !== true && flags.add !== true) return undefined;
  if (flags.correct === true && flags.add === true)
    throw new OpsError('BAD_OPTION', '--correct replaces rows and --add keeps them: name one');
  const why = (flags.reason ?? '').trim();
  if (why === '') throw new OpsError('BAD_OPTION', `${name} needs --reason TEXT`);
  return { why };
}

/** `minutes_present:SPY=exchange halt` */
export function explanationOf(text: string): Explanation {
  const parts = /^([a-z_]+)(?::([^=]+))?=(.+)$/.exec(text);
  if (!parts?.[1] || !parts[3])
    throw new OpsError(
      'BAD_OPTION',
      `--accept ${JSON.stringify(text)} is not of the form GATE[:SYMBOL]=REASON`,
    );
  return {
    gate: parts[1],
    reason: parts[3],
    ...(parts[2] === undefined ? {} : { symbol: parts[2] }),
  };
}
