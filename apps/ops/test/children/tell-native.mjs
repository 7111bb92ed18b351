// Preloaded: tells on stderr, as the process ends, which native parts it has loaded.
process.on('exit', () => {
  const { sharedObjects } = process.report.getReport();
  const names = sharedObjects.map((path) => path.split(/[\\/]/).at(-1));
  const native = names.filter((name) => name.endsWith('.node')).sort();
  process.stderr.write(`\nNATIVE ${JSON.stringify(native)}\n`);
});
