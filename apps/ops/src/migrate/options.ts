import { assertExchange } from '@tb/schema';
import { OpsError } from '../errors.ts';
import type { Clock } from './clock.ts';
import type { ExchangeMap } from './exchange-of-key.ts';
import type { StatedClocks } from './map/clock-book.ts';

export interface MigrateOptions {
  /** Path of the old file. */
  readonly from: string;
  /** The same reading, deciding and counting; nothing is written. */
  readonly dryRun?: boolean | undefined;
  /** Clocks that the values leave open, by table or `table.column`. */
  readonly clocks?: StatedClocks | undefined;
  /** Exchanges of segments that are not NSE_, BSE_ or MCX_; `*` for keys without a segment. */
  readonly exchanges?: ExchangeMap | undefined;
  /** A .wal beside the file belongs to it: read both. */
  readonly withWal?: boolean | undefined;
  /** DuckDB memory of the worker, MB. Default 512. */
  readonly memoryLimitMb?: number | undefined;
}

const CLOCKS: Readonly<Record<string, Clock>> = { utc: 'utc', 'asia/kolkata': 'ist', ist: 'ist' };

/** `candles=utc`, `signals.created_at=Asia/Kolkata`. @throws `BAD_OPTION` */
export function parseClocks(texts: readonly string[]): Map<string, Clock> {
  return new Map(
    texts.map((text) => {
      const at = text.lastIndexOf('=');
      const clock = CLOCKS[text.slice(at + 1).toLowerCase()];
      if (at < 1 || clock === undefined)
        throw new OpsError(
          'BAD_OPTION',
          `--clock ${JSON.stringify(text)} is not TABLE=utc or TABLE=Asia/Kolkata`,
        );
      return [text.slice(0, at), clock];
    }),
  );
}

/** `NCD_FO=nse`, `*=nse`. @throws `BAD_OPTION`, `BAD_NAME` */
export function parseExchanges(texts: readonly string[]): Map<string, string> {
  return new Map(
    texts.map((text) => {
      const at = text.lastIndexOf('=');
      const exchange = text.slice(at + 1);
      if (at < 1)
        throw new OpsError(
          'BAD_OPTION',
          `--map-exchange ${JSON.stringify(text)} is not SEGMENT=EXCHANGE`,
        );
      assertExchange(exchange);
      return [text.slice(0, at), exchange];
    }),
  );
}

const LEAST_MEMORY_MB = 64;

/** @throws `BAD_OPTION` */
export function parseMemoryMb(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const memoryMb = Number(text);
  if (!Number.isSafeInteger(memoryMb) || memoryMb < LEAST_MEMORY_MB)
    throw new OpsError(
      'BAD_OPTION',
      `--memory-mb ${text} is not a whole number from ${LEAST_MEMORY_MB}`,
    );
  return memoryMb;
}
