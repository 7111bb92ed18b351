export type AsofDirection = 'backward' | 'forward' | 'nearest';

/** An as-of join of two SELECTs that both have `code` and `at_ns` (BIGINT). */
export interface AsofSql {
  /** SELECT with `code, at_ns` and any columns. */
  readonly left: string;
  /** SELECT with `code, at_ns, seq` and the value columns. */
  readonly right: string;
  /** Value columns of the right side, apart from `at_ns`. */
  readonly values: readonly string[];
  readonly direction: AsofDirection;
  /** Whether a right row of the same time matches. */
  readonly allowExact: boolean;
  /** Farthest match, in units of `at_ns`; undefined: any. */
  readonly tolerance: bigint | undefined;
}

/**
 * One row a left row: its columns, `right_at` and the values of the match, NULL without one.
 *
 * Several right rows of one time: backward takes the one that came last (highest seq), forward the one that came first;
 * ASOF alone returns an unspecified one of them. `nearest` takes the earlier of two equally near, as pandas does.
 */
export function asofSql(join: AsofSql): string {
  if (join.direction !== 'nearest') return oneWay(join, join.direction);
  const names = ['right_at', ...join.values];
  const chosen = names.map(
    (name) => `CASE WHEN n.isForward THEN n.f.${name} ELSE n.b.${name} END AS ${name}`,
  );
  const backward = `SELECT l.*, ${packed('m')} AS b FROM (${join.left}) l ${matchSql(join, 'backward')} m ON l.code = m.code AND l.at_ns ${operator('backward', join.allowExact)} m.right_at`;
  const both = `SELECT l.*, ${packed('m')} AS f FROM (${backward}) l ${matchSql(join, 'forward')} m ON l.code = m.code AND l.at_ns ${operator('forward', join.allowExact)} m.right_at`;
  const nearer = `SELECT *, coalesce(f.right_at - at_ns < at_ns - b.right_at, b.right_at IS NULL) AS isForward FROM (${both})`;
  return within(
    `SELECT n.* EXCLUDE (b, f, isForward), ${chosen.join(', ')} FROM (${nearer}) n`,
    join,
  );

  function packed(alias: string): string {
    return `struct_pack(${names.map((name) => `${name} := ${alias}.${name}`).join(', ')})`;
  }
}

function oneWay(join: AsofSql, direction: 'backward' | 'forward'): string {
  const columns = ['right_at', ...join.values].map((name) => `m.${name}`);
  return within(
    `SELECT l.*, ${columns.join(', ')} FROM (${join.left}) l ${matchSql(join, direction)} m
ON l.code = m.code AND l.at_ns ${operator(direction, join.allowExact)} m.right_at`,
    join,
  );
}

/** The right side with one row a (code, at). */
function matchSql(join: AsofSql, direction: 'backward' | 'forward'): string {
  const pick = direction === 'backward' ? 'arg_max' : 'arg_min';
  const fields = join.values.map((name) => `${name} := ${name}`).join(', ');
  const values = join.values.map((name) => `v.${name} AS ${name}`).join(', ');
  return `ASOF LEFT JOIN (SELECT code, right_at, ${values} FROM
(SELECT code, at_ns AS right_at, ${pick}(struct_pack(${fields}), seq) AS v FROM (${join.right}) GROUP BY code, at_ns))`;
}

function operator(direction: 'backward' | 'forward', allowExact: boolean): string {
  return (direction === 'backward' ? '>' : '<') + (allowExact ? '=' : '');
}

/** Drops matches that are too far: the nearest is, so all others are as well. */
function within(rows: string, join: AsofSql): string {
  if (join.tolerance === undefined) return rows;
  const names = ['right_at', ...join.values];
  const kept = names.map(
    (name) =>
      `CASE WHEN abs(j.at_ns - j.right_at) <= ${join.tolerance} THEN j.${name} END AS ${name}`,
  );
  return `SELECT j.* EXCLUDE (${names.join(', ')}), ${kept.join(', ')} FROM (${rows}) j`;
}
