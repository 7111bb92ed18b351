import { DuckDBInstance } from '@duckdb/node-api';
import { TIME_MACROS, timeSql } from './src/migrate/time-sql.ts';

const i = await DuckDBInstance.create(':memory:', {
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
});
const c = await i.connect();
for (const m of TIME_MACROS) await c.run(m);
const t = async (e: string, ty: string) => {
  try {
    console.log(
      e,
      '=>',
      JSON.stringify((await c.runAndReadAll('select ' + timeSql(e, ty))).getRowsJson()[0]),
    );
  } catch (er: any) {
    console.log(e, '!!', er.message.slice(0, 300));
  }
};
await t("TIMESTAMP '2023-01-02 09:15:00'", 'TIMESTAMP');
await t("TIMESTAMP 'infinity'", 'TIMESTAMP');
await t("TIMESTAMP '2300-01-01'", 'TIMESTAMP');
await t("TIMESTAMP '0001-01-01'", 'TIMESTAMP');
await t("DATE '1970-01-01'", 'DATE');
await t("DATE 'infinity'", 'DATE');
await t("TIMESTAMP_S '2023-01-02 09:15:00'", 'TIMESTAMP_S');
await t("TIMESTAMP_MS '2023-01-02 09:15:00.123'", 'TIMESTAMP_MS');
await t("'2023-01-02 09:15:00.123456789'::TIMESTAMP_NS", 'TIMESTAMP_NS');
await t("TIMESTAMPTZ '2023-01-02 09:15:00+05:30'", 'TIMESTAMP WITH TIME ZONE');
for (const s of [
  '2023-01-02T09:15:00+05:30',
  '2023-01-02 09:15:00+0530',
  '2023-01-02 09:15+05',
  '2023-01-02T03:45:00Z',
  '2023-01-02 03:45:00 UTC',
  '2023-01-02',
  '02-01-2023 09:15',
  '02/01/2023',
  '2023-01-02 09:15:00.123456789',
  '1672631100',
  '1672631100123',
  '1672631100.5',
  'garbage',
  '',
  '  ',
  'infinity',
  '2262-04-12 00:00:00',
  '2300-01-01T00:00:00Z',
  '1969-01-01',
  '02-Jan-2023 09:15:00',
  '20230102',
  '2023-01-02 09:15:00-08:00',
  '2023-13-45',
])
  await t(`'${s}'`, 'VARCHAR');
await t('1672631100::BIGINT', 'BIGINT');
await t('1672631100123456789::BIGINT', 'BIGINT');
await t('1672631100.25::DOUBLE', 'DOUBLE');
await t('0::INTEGER', 'INTEGER');
await t("'nan'::DOUBLE", 'DOUBLE');
await t('NULL::BIGINT', 'BIGINT');
await t('true', 'BOOLEAN');
await t('[1]', 'INTEGER[]');
await t('1e300::double', 'DOUBLE');
await t('170141183460469231731687303715884105727::HUGEINT', 'HUGEINT');
