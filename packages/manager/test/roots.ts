import { initialiseRoot } from '@tb/manager';
import { type Layout, layoutOf } from '@tb/schema';
import { type TempRoot, tempRoot } from '@tb/testkit';

/** An initialised data root in a folder of its own, removed at the end of the block. */
export async function dataRoot(label: string): Promise<TempRoot & { readonly layout: Layout }> {
  const root = tempRoot(label);
  const layout = layoutOf(root.path);
  await initialiseRoot(layout);
  return { ...root, layout };
}
