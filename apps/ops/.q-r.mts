import { run } from '/work/main/apps/ops/bench/queries.ts';
const t=performance.now();
for (const r of await run()) console.log(r.name.padEnd(60), r.value.toFixed(2).padStart(9), r.unit, r.goal, r.detail ?? '');
console.log((performance.now()-t)/1000|0, 's');
