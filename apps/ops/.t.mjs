import { DuckDBInstance } from '@duckdb/node-api';

const i = await DuckDBInstance.create(':memory:', {
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
});
const c = await i.connect();
const t = async (q) => {
  try {
    console.log(q, '=>', JSON.stringify((await c.runAndReadAll(q)).getRowsJson()));
  } catch (e) {
    console.log(q, '!!', e.message.slice(0, 300));
  }
};
await t('select extension_name,loaded,installed from duckdb_extensions() where installed');
await t(
  "select '2023-01-02 09:15:00+05:30'::timestamptz::varchar, '2023-01-02 09:15:00+05:30'::timestamptz::timestamp",
);
await t("select epoch_us('2023-01-02 09:15:00+05:30'::timestamptz), current_setting('TimeZone')");
await t("set TimeZone='UTC'");
await t(
  "select 1e300::varchar, 0.1::double::varchar, (0.1::double+0.2)::varchar, 5e-324::double::varchar, 1e16::double::varchar, 167.42::float::varchar, 123456789012.12::decimal(18,2)::varchar,'nan'::double::varchar, '-inf'::double::varchar",
);
await t(
  "select 'infinity'::timestamp::varchar, '0001-01-01'::timestamp::varchar,'294247-01-10 04:00:54'::timestamp::varchar, '2023-01-02 03:04:05.123456789'::timestamp_ns::varchar, '0044-03-15 (BC)'::timestamp::varchar",
);
await t(
  "select '\\xAA\\x00a'::blob::varchar, [1,2]::varchar, {'a':1,'b':'x'}::varchar, interval '1 day'::varchar, uuid()::varchar, 170141183460469231731687303715884105727::hugeint::varchar, 'a'::enum('a','b')::varchar, true::varchar, map{'a':1}::varchar, '101'::bit::varchar, '10:11:12'::time::varchar, '10:11:12+05:30'::timetz::varchar",
);
await t(
  "select try_cast('1,234.5' as double), try_cast(' 1.5 ' as double), try_cast('1e5' as double), try_cast('0x10' as double), try_cast('1_000' as double), try_cast('' as double)",
);
await t("select hash(1.5::double), hash(null), sum(hash(1,2)) , md5_number('a')");
await t('select json_valid(\'{"a":NaN}\')');
await t('create table a(x json, y varchar); select * from a');
await t(
  "select try_cast('2023-01-02T09:15:00+05:30' as timestamptz), try_cast('2023-01-02T09:15:00+05:30' as timestamp),try_cast('2023-01-02T09:15:00Z' as timestamp),try_cast('02-01-2023 09:15' as timestamp), try_cast('2023/01/02 09:15:00' as timestamp)",
);
await t(
  'create schema "we ird"; create table "we ird"."sel;ect\'"(a int); create view vv as select 1 as x; select schema_name,table_name from duckdb_tables(); ',
);
await t('select view_name, sql, schema_name from duckdb_views() where not internal');
