/** Runs a command of this package. A RangeError or TypeError blames the caller: its message alone, exit 2. */
export async function runMain(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    if (name !== 'RangeError' && name !== 'TypeError') throw error;
    console.error(`Error: ${(error as Error).message}`);
    process.exitCode = 2;
  }
}
