import { parseTimeframe } from '@tb/schema';

const FORM = /^(\d{0,4})\s*(m|min|mins|minute|minutes|h|hr|hour|hours|d|day|days|daily)$/;

/**
 * A timeframe as legacy files write it, in the form of this project: `5minute` is `5m`, `60minute` is `1h`, `1day`, `day`
 * and `D` are `1d`.
 * @returns undefined for what is none, e.g. weeks
 */
export function timeframeOfText(text: string): string | undefined {
  const parts = FORM.exec(text.trim().toLowerCase());
  if (!parts) return undefined;
  const count = Number(parts[1] || '1');
  const unit = (parts[2] as string)[0] as string;
  try {
    return parseTimeframe(`${count}${unit}`).text;
  } catch {
    return undefined;
  }
}
