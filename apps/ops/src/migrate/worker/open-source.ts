import type { DuckDBConnection } from '@duckdb/node-api';
import { loadDuckdb } from '@tb/history';
import { OpsError } from '../../errors.ts';
import { literal } from '../source-table.ts';
import { TIME_MACROS } from '../time-sql.ts';

/** Where the worker reads, and where DuckDB may spill. */
export interface OpenJob {
  /** Absolute path of the file to read. */
  readonly path: string;
  readonly tempDirectory: string;
  readonly memoryLimitMb: number;
}

/** The source, attached read-only as `source` to a private in-memory instance. */
export interface OpenedSource {
  readonly connection: DuckDBConnection;
  /** A second connection, for a result that is read in parts while the first one works. */
  readonly cursor: DuckDBConnection;
  close(): void;
}

/**
 * Opens the source read-only. The engine itself refuses to write to it.
 * @throws `SOURCE_BUSY`, `SOURCE_NEWER`, `SOURCE_DAMAGED`, `INPUT_UNREADABLE`
 */
export async function openSource(job: OpenJob): Promise<OpenedSource> {
  const instance = await loadDuckdb().DuckDBInstance.create(':memory:', {
    memory_limit: `${job.memoryLimitMb}MB`,
    threads: '2',
    temp_directory: job.tempDirectory,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  const cursor = await instance.connect();
  const close = (): void => {
    cursor.closeSync();
    connection.closeSync();
    instance.closeSync();
  };
  try {
    for (const each of [connection, cursor]) {
      // UNION ALL gave wrong rows with it: duckdb/duckdb#24624, seen on 1.5.6.
      await each.run("SET disabled_optimizers = 'common_subplan'");
      await each.run("SET TimeZone = 'UTC'");
      for (const macro of TIME_MACROS) await each.run(macro);
    }
    // TYPE, because a file that begins like SQLite would make DuckDB try to download an extension.
    await connection.run(`ATTACH ${literal(job.path)} AS source (TYPE duckdb, READ_ONLY)`);
    return { connection, cursor, close };
  } catch (error) {
    close();
    throw openError(job.path, error);
  }
}

function openError(path: string, cause: unknown): OpsError {
  const message = (cause as Error).message;
  const [first = ''] = message.split('\n');
  if (/set lock on file|conflicting lock/i.test(message))
    return new OpsError('SOURCE_BUSY', `${path} is open in a process that writes it`, {
      cause,
      retryable: true,
    });
  if (/not a valid DuckDB database file/i.test(message))
    return new OpsError('INPUT_UNREADABLE', `${path} is not a DuckDB file`, {
      cause,
      hint: 'Name the trading_bot.duckdb of the bot with --from.',
    });
  if (/encrypt/i.test(message))
    return new OpsError('INPUT_UNREADABLE', `${path} is encrypted`, {
      cause,
      hint: 'Export it with `EXPORT DATABASE`, import that into a plain file, and migrate this one.',
    });
  if (/version number \d+|newer version|storage version/i.test(message))
    return new OpsError('SOURCE_NEWER', `${path}: ${first}`, { cause });
  return new OpsError('SOURCE_DAMAGED', `${path} cannot be opened: ${first}`, { cause });
}
