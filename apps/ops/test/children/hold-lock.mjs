// Takes the writer lock of the folder argv[2], says so, and holds it until it is killed.
import { WriterLock } from '@tb/locks';

await WriterLock.acquire(process.argv[2], { purpose: 'test-holder' });
process.stdout.write('held\n');
setInterval(() => undefined, 1000);
