/** 1990-01-01: no exchange of these files had a computer before. Earlier times are zeros that were once missing. */
const PLAUSIBLE_FROM_NS = 631_152_000_000_000_000n;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

const ZONE = String.raw`(\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)$`;
const EPOCH = String.raw`[+-]?\d{9,19}(\.\d+)?`;

/** Day first, as Indian files write it; ISO goes the way of the engine. */
const FORMATS: readonly string[] = [
  '%d-%m-%Y',
  '%d/%m/%Y',
  '%d-%b-%Y',
  '%d %b %Y',
  '%Y%m%d',
].flatMap((date) => [`${date} %H:%M:%S`, `${date} %H:%M`, date]);

const NUMERIC = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|DECIMAL.*)$/;

const scaledEpoch = (scale: string): string =>
  `trunc(d)::HUGEINT * ${scale} + round((d - trunc(d))::DOUBLE * ${scale})::HUGEINT`;

/** Macros that `timeSql` builds on; run them once on a connection. */
export const TIME_MACROS: readonly string[] = [
  `CREATE OR REPLACE TEMP MACRO tb_ranged(mark, ns) AS CASE
     WHEN ns IS NULL THEN 'x:time_invalid'
     WHEN ns < ${INT64_MIN}::HUGEINT OR ns > ${INT64_MAX}::HUGEINT THEN 'x:time_out_of_range'
     WHEN ns < ${PLAUSIBLE_FROM_NS}::HUGEINT THEN 'x:time_implausible'
     ELSE mark || ':' || ns END`,
  `CREATE OR REPLACE TEMP MACRO tb_epoch_ns(d) AS CASE
     WHEN abs(d) < 1e11 THEN ${scaledEpoch('1000000000')}
     WHEN abs(d) < 1e14 THEN ${scaledEpoch('1000000')}
     WHEN abs(d) < 1e17 THEN ${scaledEpoch('1000')}
     ELSE trunc(d)::HUGEINT END`,
  // Beyond the range of ns the value is still told, so that the reason is the right one.
  `CREATE OR REPLACE TEMP MACRO tb_wall_ns(x) AS coalesce(
     epoch_ns(try_cast(x AS TIMESTAMP_NS))::HUGEINT,
     epoch_us(coalesce(try_cast(x AS TIMESTAMP), try_strptime(x, [${FORMATS.map((format) => `'${format}'`).join(', ')}])))::HUGEINT * 1000)`,
  `CREATE OR REPLACE TEMP MACRO tb_offset_ns(zone) AS CASE
     WHEN regexp_matches(zone, '^[A-Za-z]') THEN 0::HUGEINT
     ELSE (CASE WHEN starts_with(zone, '-') THEN -1 ELSE 1 END)::HUGEINT * 60000000000 * (
       try_cast(substr(zone, 2, 2) AS INTEGER) * 60
       + coalesce(try_cast(nullif(right(replace(substr(zone, 4), ':', ''), 2), '') AS INTEGER), 0)) END`,
  `CREATE OR REPLACE TEMP MACRO tb_time_of_text(x) AS CASE
     WHEN x IS NULL THEN NULL
     WHEN x = '' THEN 'x:time_missing'
     WHEN lower(x) IN ('infinity', '-infinity', 'inf', '-inf') THEN 'x:time_infinite'
     WHEN regexp_full_match(x, '${EPOCH}') THEN tb_ranged('a', tb_epoch_ns(try_cast(x AS DECIMAL(38,9))))
     WHEN regexp_matches(x, '${ZONE}')
       THEN tb_ranged('a', tb_wall_ns(regexp_replace(x, '${ZONE}', '\\1')) - tb_offset_ns(regexp_extract(x, '${ZONE}', 2)))
     ELSE tb_ranged('n', tb_wall_ns(x)) END`,
];

/**
 * SQL that makes one text of a time column of any type: `n:<ns>` for wall time without a zone, `a:<ns>` for a time with a
 * zone or an epoch, `x:<reason>` for what is no time, NULL for NULL. `parseTimeCell` reads it.
 *
 * Epochs are told apart by their size: seconds below 1e11, then milliseconds, microseconds, nanoseconds.
 *
 * @param expression SQL of the value. @param type DuckDB's name of its type.
 */
export function timeSql(expression: string, type: string): string {
  const x = `(${expression})`;
  if (type === 'TIMESTAMP_NS') return guarded(x, 'n', `epoch_ns(${x})::HUGEINT`);
  if (type === 'TIMESTAMP' || type === 'TIMESTAMP_MS' || type === 'TIMESTAMP_S' || type === 'DATE')
    return guarded(x, 'n', `epoch_us(${x}::TIMESTAMP)::HUGEINT * 1000`);
  if (type === 'TIMESTAMP WITH TIME ZONE') return guarded(x, 'a', `epoch_us(${x})::HUGEINT * 1000`);
  if (NUMERIC.test(type)) {
    // A DOUBLE holds the seconds of our time to a quarter of a microsecond: further digits are noise.
    const decimal = type === 'DOUBLE' || type === 'FLOAT' ? 'DECIMAL(38,6)' : 'DECIMAL(38,9)';
    return `CASE WHEN ${x} IS NULL THEN NULL ELSE tb_ranged('a', tb_epoch_ns(try_cast(${x} AS ${decimal}))) END`;
  }
  return `tb_time_of_text(trim(${x}::VARCHAR, ' "\t\r\n'))`;
}

function guarded(x: string, mark: 'n' | 'a', ns: string): string {
  return `CASE WHEN ${x} IS NULL THEN NULL WHEN NOT isfinite(${x}) THEN 'x:time_infinite' ELSE tb_ranged('${mark}', ${ns}) END`;
}
