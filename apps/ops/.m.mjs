import { migrate } from './dist/migrate/migrate.js';
import { layoutOf } from '@tb/schema';
process.on('exit',()=>console.log('exit'));
const s=await migrate({from:process.argv[2],dryRun:process.argv[4]==='dry'},{layout:layoutOf(process.argv[3]),onStep:(x)=>console.log('step',x)}).catch(e=>{console.log(e)});
console.log(s&&s.status);
