import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface MetricsServer extends AsyncDisposable {
  readonly host: string;
  /** The one that the system chose, when 0 was asked for. */
  readonly port: number;
}

export interface ServeMetricsOptions {
  readonly host: string;
  readonly port: number;
  /** The text of `/metrics`. */
  readonly collect: () => Promise<string>;
  /** A scrape within this time of the one before gets the same text: checks read databases. */
  readonly reuseMs: number;
  readonly onError: (error: unknown) => void;
}

/**
 * Serves `GET /metrics` and nothing else. Scrapes that come together share one collection. A failed collection answers 503,
 * and the next scrape tries again.
 * @throws errors of node:net, such as EADDRINUSE
 */
export async function serveMetrics(options: ServeMetricsOptions): Promise<MetricsServer> {
  const collect = shared(options);
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?', 1)[0];
    if (path !== '/metrics') answer(response, 404, 'Look at /metrics\n');
    else if (request.method !== 'GET' && request.method !== 'HEAD')
      answer(response, 405, 'Only GET\n');
    else
      collect().then(
        (text) => answer(response, 200, text),
        (error: unknown) => {
          options.onError(error);
          answer(response, 503, 'The checks could not run; see the log\n');
        },
      );
  });
  await listening(server, options);
  const { address, port } = server.address() as AddressInfo;
  return { host: address, port, [Symbol.asyncDispose]: () => closed(server) };
}

function shared({ collect, reuseMs }: ServeMetricsOptions): () => Promise<string> {
  let last: { readonly text: Promise<string>; readonly at: number } | undefined;
  return () => {
    if (last && performance.now() - last.at < reuseMs) return last.text;
    const text = collect();
    const entry = { text, at: performance.now() };
    last = entry;
    // The caller is told of the failure; here it only must not be reused.
    text.catch(() => {
      if (last === entry) last = undefined;
    });
    return text;
  };
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.end(text);
}

function listening(server: Server, { host, port }: ServeMetricsOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
