/**
 * A column that may be left out on insert. Of the shape of kysely's `Generated`, restated so that this package
 * depends on nothing.
 */
export interface Optional<T> {
  readonly __select__: T;
  readonly __insert__: T | undefined;
  readonly __update__: T;
}
