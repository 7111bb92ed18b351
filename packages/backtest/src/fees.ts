import { BacktestError } from './errors.ts';

/**
 * What a fill costs, as data, so that it can stand in a fingerprint:
 * `clamp(perOrder + perUnit * quantity + rate * quantity * price, minimum, maximum)`.
 */
export interface FeeSchedule {
  /** Fraction of the traded value, e.g. 0.0003 for 3 basis points. Default 0. */
  readonly rate?: number | undefined;
  /** Money per unit. Default 0. */
  readonly perUnit?: number | undefined;
  /** Money per filled order. Default 0. */
  readonly perOrder?: number | undefined;
  /** Money; default 0. */
  readonly minimum?: number | undefined;
  /** Money; default none. */
  readonly maximum?: number | undefined;
}

/** Fee of one fill in money, never negative. Maker rebates are not modelled. */
export function feeOf(schedule: FeeSchedule, quantity: number, price: number): number {
  const { rate = 0, perUnit = 0, perOrder = 0, minimum = 0, maximum = Infinity } = schedule;
  const fee = perOrder + perUnit * quantity + rate * quantity * Math.abs(price);
  return Math.min(Math.max(fee, minimum), maximum);
}

/** @throws `CONFIG_INVALID` for a negative or non-finite part, or a minimum above the maximum. */
export function assertFeeSchedule(schedule: FeeSchedule): void {
  for (const part of ['rate', 'perUnit', 'perOrder', 'minimum', 'maximum'] as const) {
    const value = schedule[part];
    if (value !== undefined && !(Number.isFinite(value) && value >= 0))
      throw new BacktestError('CONFIG_INVALID', `Fee ${part} is ${value}: it is a number from 0`);
  }
  const { minimum = 0, maximum = Infinity } = schedule;
  if (minimum > maximum)
    throw new BacktestError(
      'CONFIG_INVALID',
      `Fee minimum ${minimum} is above its maximum ${maximum}`,
    );
}
