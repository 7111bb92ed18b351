import { DuckDBInstance } from '@duckdb/node-api';
import { writeFileSync, existsSync, statSync, rmSync, copyFileSync } from 'node:fs';
import { fork, spawnSync } from 'node:child_process';
const i = await DuckDBInstance.create(':memory:',{autoinstall_known_extensions:'false',autoload_known_extensions:'false'});
const c = await i.connect();
const t = async q=>{ try { console.log(q.slice(0,150),'=>',JSON.stringify((await c.runAndReadAll(q)).getRowsJson()).slice(0,600)); } catch(e){console.log(q.slice(0,150),'!!',e.message.slice(0,400))} };
rmSync('/tmp/mig/w.duckdb',{force:true}); rmSync('/tmp/mig/w.duckdb.wal',{force:true});
// wal beside
spawnSync(process.execPath,['--input-type=module','-e',`
import { DuckDBInstance } from '/work/main/apps/ops/node_modules/@duckdb/node-api/lib/index.js';
const i=await DuckDBInstance.create('/tmp/mig/w.duckdb'); const c=await i.connect();
await c.run('create table a(x int)'); await c.run('insert into a values (1)'); await c.run('checkpoint'); await c.run('insert into a values (2)'); process.kill(process.pid,'SIGKILL');`],{stdio:'inherit'});
console.log(existsSync('/tmp/mig/w.duckdb.wal') && statSync('/tmp/mig/w.duckdb.wal').size);
await t("attach '/tmp/mig/w.duckdb' as source (type duckdb, read_only)");
await t("select * from source.a"); await t('detach source');
console.log(existsSync('/tmp/mig/w.duckdb.wal') && statSync('/tmp/mig/w.duckdb.wal').size);
writeFileSync('/tmp/mig/empty.duckdb',''); await t("attach '/tmp/mig/empty.duckdb' as e (type duckdb, read_only)");
writeFileSync('/tmp/mig/text.duckdb','hello world'.repeat(1000)); await t("attach '/tmp/mig/text.duckdb' as e (type duckdb, read_only)");
writeFileSync('/tmp/mig/short.duckdb','hel'); await t("attach '/tmp/mig/short.duckdb' as e (type duckdb, read_only)");
await t("attach '/work/main/../../tmp/mig/r1/config/config.db' as e (type duckdb, read_only)");
const src='/work/shared/legacy/trading_bot_v1.duckdb';
import { readFileSync } from 'node:fs';
const b=readFileSync(src); for (const n of [4096, 8192, 12288, 100000, 3000000, b.length-262144]) { writeFileSync('/tmp/mig/trunc.duckdb',b.subarray(0,n)); await t("attach '/tmp/mig/trunc.duckdb' as e (type duckdb, read_only)"); await t("select count(*), sum(hash(instrument_key,timestamp,open,high,low,close,volume,oi)) from e.ohlcv_1m"); await t('detach e'); }
// newer
const nb=Buffer.from(b); console.log('version', nb.readBigUInt64LE(12)); nb.writeBigUInt64LE(999n,12); writeFileSync('/tmp/mig/newer.duckdb',nb); await t("attach '/tmp/mig/newer.duckdb' as e (type duckdb, read_only)");
await t("create table big(a integer[], b struct(x int, y varchar), c map(varchar,int), d union(n int, s varchar), e enum('q','w'), f uuid, g blob, h bit, i interval, j time, k timetz, l hugeint, m uhugeint, o integer[3], p timestamp_ns, q json, r decimal(38,10), s timestamptz, t timestamp_s, u bignum)");
await t("select hash(a,b,c,d,e,f,g,h,i,j,k,l,m,o,p,q,r,s,t,u) from big"); await t("select count(*), sum(hash(a,b,c,d,e,f,g,h,i,j,k,l,m,o,p,q,r,s,t,u)) from big");
