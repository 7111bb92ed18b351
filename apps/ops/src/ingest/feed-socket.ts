import { lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { OpsError } from '../errors.ts';

/** The kernel's limit is 108 bytes with a final NUL on Linux, 104 on macOS; a longer path would be cut. */
const MAX_PATH_BYTES = 103;

/** A Unix socket that listens. */
export interface FeedSocket {
  /** Takes no further connection and removes the socket file; connections that are open stay. */
  close(): void;
}

/**
 * Listens on a Unix socket. A socket file that a dead process left behind is replaced.
 *
 * @throws `SOCKET_IN_USE` when a process listens there, or the path is another kind of file; `BAD_OPTION` for a long path
 */
export async function openFeedSocket(
  path: string,
  onConnection: (socket: Socket) => void,
): Promise<FeedSocket> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    throw new OpsError(
      'BAD_OPTION',
      `--socket ${path} has ${Buffer.byteLength(path)} bytes; a socket's path has at most ${MAX_PATH_BYTES}`,
    );
  await removeStale(path);
  // A client that has sent everything waits for this side to end: then its rows are stored.
  const server = createServer({ allowHalfOpen: true }, onConnection);
  await listen(server, path);
  return { close: () => void server.close() };
}

async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return;
  if (!found.isSocket())
    throw new OpsError('SOCKET_IN_USE', `${path} exists and is no socket`, {
      hint: 'Name another path for --socket.',
    });
  if (await isAnswered(path)) throw inUse(path);
  await unlink(path);
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else reject(error);
    });
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? inUse(path) : error),
    );
    server.listen(path, resolve);
  });
}

function inUse(path: string): OpsError {
  return new OpsError('SOCKET_IN_USE', `Another process listens on ${path}`);
}
