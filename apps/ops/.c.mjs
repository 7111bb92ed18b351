import { fork } from 'node:child_process';
process.on('exit',()=>console.log('exit'));
const child = fork('/work/main/apps/ops/dist/migrate/worker/source-worker.js', [], {serialization:'advanced',stdio:['ignore','ignore','pipe','ipc'],execArgv:[]});
for (const e of ['exit','close','disconnect','error']) child.on(e,(...a)=>console.log(e,...a));
child.stderr.on('data',d=>console.log('err',String(d))); child.stderr.on('close',()=>console.log('stderr close'));
child.on('message',m=>{console.log(m); if(m.id===1) child.disconnect();});
child.send({id:1,method:'open',argument:{root:'/tmp/mig/r1',path:'/work/shared/legacy/trading_bot_strict.duckdb',tempDirectory:'/tmp/mig',memoryLimitMb:500}});
