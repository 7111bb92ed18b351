/** One kind of problem: how often it was found, and where first. */
export interface ViolationKind {
  readonly problem: string;
  readonly count: number;
  /** How to see the first one again. */
  readonly first: string;
}

/** The problem without what differs from point to point: folders of the run, numbers, identities. */
function kindOf(problem: string): string {
  return problem
    .replace(/\/\S*\/work\//g, '')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}/g, 'ID')
    .replace(/\d+/g, 'N')
    .slice(0, 200);
}

/** Groups what was found, the most frequent first: one mistake shows up at many points. */
export function kindsOf(
  found: readonly { readonly problem: string; readonly at: string }[],
): ViolationKind[] {
  const kinds = new Map<string, ViolationKind>();
  for (const { problem, at } of found) {
    const key = kindOf(problem);
    const known = kinds.get(key);
    kinds.set(key, { problem: key, count: (known?.count ?? 0) + 1, first: known?.first ?? at });
  }
  return [...kinds.values()].sort((a, b) => b.count - a.count);
}
