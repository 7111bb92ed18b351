import { fileURLToPath } from 'node:url';
import { type Judge, judgeProcess } from '../verdict.ts';

/** Reads DuckDB and Parquet files with the engine alone, none of our code in between. */
export interface DuckOracle extends AsyncDisposable {
  /** Rows of a query on one file. bigint comes as text, NaN and NULL as null. @throws Error when the file does not answer. */
  rows(path: string, sql: string): Promise<unknown[][]>;
}

const script = fileURLToPath(new URL('./duck-judge.mjs', import.meta.url));

export function duckOracle(): DuckOracle {
  const judge: Judge = judgeProcess([process.execPath, script]);
  return {
    rows: async (path, sql) => {
      const verdict = await judge.ask({ path, sql }, 30_000);
      if (verdict.kind === 'answered') return verdict.value as unknown[][];
      const reason = verdict.kind === 'rejected' ? verdict.message : verdict.kind;
      throw new Error(`The oracle cannot read ${path}: ${reason}`);
    },
    [Symbol.asyncDispose]: () => judge[Symbol.asyncDispose](),
  };
}
