// Writes a copy of a DuckDB file with two blocks swapped, and tells what a query over it does to the instance.
// In a process of its own: such a file can end the process.
import { readFileSync, writeFileSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';

const [source, target, first, second] = process.argv.slice(2);
const [HEADER, BLOCK] = [12_288, 65_536];
const bytes = readFileSync(source);
const at = (block) => HEADER + Number(block) * BLOCK;
const kept = Buffer.from(bytes.subarray(at(first), at(first) + BLOCK));
bytes.copyWithin(at(first), at(second), at(second) + BLOCK);
kept.copy(bytes, at(second));
writeFileSync(target, bytes);

const instance = await DuckDBInstance.create(':memory:');
const connection = await instance.connect();
let outcome = 'answered';
try {
  await connection.run(`FROM read_duckdb('${target}', table_name = 'data')`);
} catch (error) {
  outcome = String(error.message).split(' ', 1)[0];
}
process.send({ outcome });
process.disconnect();
