/** Whatever else a caller wants to keep with a row, as JSON. */
export type Attributes = Readonly<Record<string, unknown>>;

/** @throws TypeError for what JSON cannot hold: a bigint, a cycle */
export function attributesText(attributes: Attributes | undefined): string | null {
  return attributes === undefined ? null : JSON.stringify(attributes);
}
