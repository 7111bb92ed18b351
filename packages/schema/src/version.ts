/** Version of the whole schema, written to `.schema_version` of a data root. */
export const SCHEMA_VERSION = '1.0.0';

/**
 * `application_id` of every SQLite database of a data root ("tbdb" in ASCII): a foreign SQLite file is
 * refused by its header, before any query. `user_version` is the number of the last migration applied.
 */
export const APPLICATION_ID = 0x74626462;
