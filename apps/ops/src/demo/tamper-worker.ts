import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { loadDuckdb } from '@tb/history';
import { hashFile } from '@tb/schema';
import { serveWorker } from '../worker/serve-worker.ts';

export interface TamperJob {
  readonly path: string;
}

export interface TamperResult {
  readonly engineRefused: boolean;
  readonly engine: string;
  readonly systemRefused: boolean;
  readonly system: string;
  /** Afterwards. */
  readonly sha256: string;
}

/** An ordinary user, for a demo that runs as root: root may write any file, whatever its mode. */
const NOBODY = 65534;

/** Tries to change a published file, as a reader of the database and as an owner of the file, and hashes it afterwards. */
serveWorker(async ({ path }: TamperJob): Promise<TamperResult> => {
  const engine = await writeThroughEngine(path);
  const system = await writeToFile(path);
  return {
    engineRefused: engine !== 'done',
    engine,
    systemRefused: system !== 'done',
    system,
    sha256: (await hashFile(path)).sha256,
  };
});

async function writeThroughEngine(path: string): Promise<string> {
  const instance = await loadDuckdb().DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    await connection.run(`ATTACH '${path.replaceAll("'", "''")}' AS day (TYPE duckdb, READ_ONLY)`);
    await connection.run('DELETE FROM day.data');
    return 'done';
  } catch (error) {
    return /read-only/i.test((error as Error).message)
      ? 'refused (read-only)'
      : `refused (${(error as Error).message.split('\n')[0]})`;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function writeToFile(path: string): Promise<string> {
  const script = 'require("node:fs").closeSync(require("node:fs").openSync(process.argv[1], "r+"))';
  const identity = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  try {
    await promisify(execFile)(process.execPath, ['-e', script, path], { ...identity, cwd: '/' });
    return 'done';
  } catch (error) {
    const code = /\bE[A-Z]+\b/.exec((error as { stderr?: string }).stderr ?? '')?.[0];
    return `refused (${code ?? (error as Error).message})`;
  }
}
