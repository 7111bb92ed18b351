import { DuckDBInstance } from '@duckdb/node-api';

const f = process.argv[2];
const i = await DuckDBInstance.create(`/work/shared/legacy/${f}.duckdb`, {
  access_mode: 'READ_ONLY',
});
const c = await i.connect();
for (const q of process.argv.slice(3)) {
  console.log('>', q);
  try {
    for (const r of (await c.runAndReadAll(q)).getRowObjectsJson().slice(0, 60))
      console.log(JSON.stringify(r));
  } catch (e) {
    console.log(e.message);
  }
}
c.closeSync();
i.closeSync();
