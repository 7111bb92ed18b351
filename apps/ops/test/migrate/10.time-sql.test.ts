import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, test } from '@jest/globals';
import { TIME_MACROS, timeSql } from '../../src/migrate/time-sql.ts';

const OPEN = 1672631100000000000n; // 2023-01-02 09:15 in India, 03:45 UTC

/** [SQL of a value, its type, what is read] */
const CASES: readonly (readonly [string, string, string | null])[] = [
  ["TIMESTAMP '2023-01-02 03:45:00'", 'TIMESTAMP', `n:${OPEN}`],
  ["TIMESTAMP_S '2023-01-02 03:45:00'", 'TIMESTAMP_S', `n:${OPEN}`],
  ["TIMESTAMP_MS '2023-01-02 03:45:00.123'", 'TIMESTAMP_MS', `n:${OPEN + 123_000_000n}`],
  ["'2023-01-02 03:45:00.123456789'::TIMESTAMP_NS", 'TIMESTAMP_NS', `n:${OPEN + 123_456_789n}`],
  ["TIMESTAMPTZ '2023-01-02 09:15:00+05:30'", 'TIMESTAMP WITH TIME ZONE', `a:${OPEN}`],
  ["DATE '2023-01-02'", 'DATE', 'n:1672617600000000000'],
  ['NULL::TIMESTAMP', 'TIMESTAMP', null],
  ["TIMESTAMP 'infinity'", 'TIMESTAMP', 'x:time_infinite'],
  ["TIMESTAMP '-infinity'", 'TIMESTAMP', 'x:time_infinite'],
  ["DATE 'infinity'", 'DATE', 'x:time_infinite'],
  ["TIMESTAMP '0001-01-01'", 'TIMESTAMP', 'x:time_out_of_range'],
  ["TIMESTAMP '1970-01-01'", 'TIMESTAMP', 'x:time_implausible'],
  ["TIMESTAMP '2262-04-11 23:47:16.854775'", 'TIMESTAMP', 'n:9223372036854775000'],
  ["TIMESTAMP '2262-04-11 23:47:16.854776'", 'TIMESTAMP', 'x:time_out_of_range'],
  ["'2023-01-02T09:15:00+05:30'", 'VARCHAR', `a:${OPEN}`],
  ["'2023-01-02 09:15:00+0530'", 'VARCHAR', `a:${OPEN}`],
  ["'2023-01-01 22:45:00-05'", 'VARCHAR', `a:${OPEN}`],
  ["'2023-01-02T03:45:00Z'", 'VARCHAR', `a:${OPEN}`],
  ["'2023-01-02 03:45:00 UTC'", 'VARCHAR', `a:${OPEN}`],
  ["'2023-01-02 03:45:00'", 'VARCHAR', `n:${OPEN}`],
  ["'2023-01-02 03:45:00.123456789'", 'VARCHAR', `n:${OPEN + 123_456_789n}`],
  ["' 02-01-2023 03:45 '", 'VARCHAR', `n:${OPEN}`],
  ["'02/01/2023 03:45:00'", 'VARCHAR', `n:${OPEN}`],
  ["'02-Jan-2023 03:45:00'", 'VARCHAR', `n:${OPEN}`],
  ["'20230102'", 'VARCHAR', 'n:1672617600000000000'],
  ["'2023-01-02'", 'VARCHAR', 'n:1672617600000000000'],
  ["'1672631100'", 'VARCHAR', `a:${OPEN}`],
  ["''", 'VARCHAR', 'x:time_missing'],
  ["'tomorrow'", 'VARCHAR', 'x:time_invalid'],
  ["'2023-13-45'", 'VARCHAR', 'x:time_invalid'],
  ["'2300-01-01T00:00:00Z'", 'VARCHAR', 'x:time_out_of_range'],
  ['1672631100::BIGINT', 'BIGINT', `a:${OPEN}`],
  ['1672631100000::BIGINT', 'BIGINT', `a:${OPEN}`],
  ['1672631100000000::BIGINT', 'BIGINT', `a:${OPEN}`],
  ['1672631100000000000::BIGINT', 'BIGINT', `a:${OPEN}`],
  ['1672631100.25::DOUBLE', 'DOUBLE', `a:${OPEN + 250_000_000n}`],
  ['0::INTEGER', 'INTEGER', 'x:time_implausible'],
  ["'nan'::DOUBLE", 'DOUBLE', 'x:time_invalid'],
  ['1e300::DOUBLE', 'DOUBLE', 'x:time_invalid'],
  ['true', 'BOOLEAN', 'x:time_invalid'],
  ['[1, 2]', 'INTEGER[]', 'x:time_invalid'],
];

describe('a time of the source, of whatever type', () => {
  test('says its ns and whether it had a zone, or why it is no time', async () => {
    const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
    const connection = await instance.connect();
    for (const macro of TIME_MACROS) await connection.run(macro);
    const read: [string, unknown][] = [];
    for (const [expression, type] of CASES) {
      const rows = (
        await connection.runAndReadAll(`SELECT ${timeSql(expression, type)}`)
      ).getRows();
      read.push([expression, rows[0]?.[0]]);
    }
    connection.closeSync();
    instance.closeSync();
    expect(read).toEqual(CASES.map(([expression, , expected]) => [expression, expected]));
  });
});
