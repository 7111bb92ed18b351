import { Manifest } from '@tb/history';
import type { Layout } from '@tb/schema';

/** sid to text of every symbol that an exchange ever had. */
export function publishedSymbols(layout: Layout, exchange: string): ReadonlyMap<number, string> {
  using manifest = Manifest.openReader(layout);
  return new Map(manifest.snapshot().symbols(exchange).entries());
}
