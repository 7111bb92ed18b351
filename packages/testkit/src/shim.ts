import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const sources = fileURLToPath(new URL('../shim/', import.meta.url));
const cache = fileURLToPath(new URL('../.cache/', import.meta.url));

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function hasCompiler(): Promise<boolean> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const folder of folders) if (await isFile(join(folder, 'cc'))) return true;
  return false;
}

/** Why faults cannot be injected here, as a sentence for a skip line; undefined where they can. */
export async function shimUnavailable(): Promise<string | undefined> {
  if (process.platform !== 'linux')
    return `The fault shim wants Linux, this is ${process.platform}`;
  if (!(await hasCompiler())) return 'The fault shim wants a C compiler named cc on PATH';
  return undefined;
}

/**
 * Compiles `shim/*.c` and returns the path of the shared object. Built once per text of the sources, into `.cache`;
 * several processes may build at the same time.
 *
 * @throws Error with the compiler's output when it does not compile, or on another system than Linux.
 */
export async function buildShim(): Promise<string> {
  const missing = await shimUnavailable();
  if (missing !== undefined) throw new Error(missing);
  const files = (await readdir(sources)).filter((name) => /\.[ch]$/.test(name)).sort();
  const hash = createHash('sha256');
  for (const file of files) hash.update(await readFile(join(sources, file)));
  const target = join(cache, `fault-${hash.digest('hex').slice(0, 12)}-${process.arch}.so`);
  if (await isFile(target)) return target;
  await mkdir(cache, { recursive: true });
  const temporary = `${target}.${process.pid}`;
  const units = files.filter((name) => name.endsWith('.c')).map((name) => join(sources, name));
  const flags = ['-shared', '-fPIC', '-O2', '-std=gnu11', '-Wall', '-Wextra'];
  await run('cc', [...flags, '-o', temporary, ...units, '-ldl', '-pthread']);
  await rename(temporary, target);
  return target;
}
