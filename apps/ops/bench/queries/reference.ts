import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { DuckDBInstance } from '@duckdb/node-api';
import { columnChunkOf } from '../../../../packages/manager/src/market/column-chunk.ts';

/** The raw engine on one sorted file: what the queries are measured against. */
export interface Reference {
  /** Rows of a statement, taken out as typed columns like those of the reader. */
  rows(sql: string): Promise<number>;
  /** The same as row objects. */
  objects(sql: string): Promise<number>;
  close(): void;
}

/** An instance of its own with the file attached as `ref`: first touch pays for it. */
export async function openReference(path: string): Promise<Reference> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await instance.connect();
  await connection.run("SET streaming_buffer_size = '4MB'"); // as the reader has it
  await connection.run(`ATTACH '${path}' AS ref (TYPE duckdb, READ_ONLY)`);
  return {
    rows: async (sql) => {
      const result = await connection.stream(sql);
      const names = result.columnNames();
      const kept: unknown[] = [];
      let rows = 0;
      for (;;) {
        const chunk = await result.fetchChunk();
        if (!chunk || chunk.rowCount === 0) return rows;
        rows += chunk.rowCount;
        kept.push(columnChunkOf(chunk, names));
      }
    },
    objects: async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJS().length,
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/**
 * Medians of both, and of the ratios of the pairs: they are taken in turn, so that the load of the machine meets both.
 * @param before Runs before each, untimed.
 */
export async function compared(
  rounds: number,
  ours: (round: number) => Promise<number>,
  theirs: (round: number) => Promise<number>,
  before: () => void = () => {},
): Promise<{ readonly ours: number; readonly theirs: number; readonly ratio: number }> {
  const [a, b]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    before();
    a.push(await ours(round));
    before();
    b.push(await theirs(round));
  }
  const ratios = a.map((value, round) => value / (b[round] as number));
  return { ours: median(a), theirs: median(b), ratio: median(ratios) };
}

setFlagsFromString('--expose-gc');
/** For `before`, where one side leaves a million objects that would be collected in the time of the other. */
export const collectGarbage = runInNewContext('gc') as () => void;
