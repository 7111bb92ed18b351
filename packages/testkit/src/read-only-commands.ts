/**
 * Commands of `tb` that need no fault scenario, with the reason. Everything else that `tb --help` lists has one: a test
 * compares the two.
 */
export const READ_ONLY_COMMANDS: Readonly<Record<string, string>> = {
  candles: 'reads',
  ticks: 'reads',
  sql: 'reads',
  backups: 'reads; --verify keeps its proof as drill does',
  health: 'reads; damaged roots are given to it by the tests of apps/ops',
  preflight: 'reads',
  metrics: 'reads',
  report: 'writes one file outside the data root',
  demo: 'works in a folder of its own',
  help: 'prints',
  'actions list': 'reads',
  'locks inspect': 'reads',
  'backtest list': 'reads',
  'backtest show': 'reads',
  'backtest compare': 'reads',
  'backtest report': 'writes one file outside the data root',
  'backtest verify': 'reads',
  'backtest stale': 'reads',
};
