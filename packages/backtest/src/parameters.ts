import { BacktestError } from './errors.ts';

export type ParameterValue = number | boolean | string;
/** Values of all parameters of a strategy, by name. */
export type ParameterValues = Readonly<Record<string, ParameterValue>>;

/** What a strategy accepts. Bounds are inclusive. */
export type ParameterDefinition =
  | {
      readonly type: 'integer' | 'number';
      readonly default: number;
      readonly min?: number;
      readonly max?: number;
      readonly description: string;
    }
  | { readonly type: 'boolean'; readonly default: boolean; readonly description: string }
  | {
      readonly type: 'text';
      readonly default: string;
      readonly choices?: readonly string[];
      readonly description: string;
    };

export type ParameterSchema = Readonly<Record<string, ParameterDefinition>>;

/**
 * Defaults, overlaid with what was given and checked. Text is converted, so `--param fast=5` and `{ fast: 5 }` mean the same.
 *
 * @returns Every parameter of the schema, in the schema's order.
 * @throws `PARAMETER_INVALID` for an unknown name, a wrong type, or a value out of its range.
 */
export function resolveParameters(
  schema: ParameterSchema,
  given: Readonly<Record<string, unknown>>,
): ParameterValues {
  for (const name of Object.keys(given))
    if (!Object.hasOwn(schema, name))
      throw new BacktestError(
        'PARAMETER_INVALID',
        `Parameter ${JSON.stringify(name.slice(0, 60))} is unknown; there are: ${Object.keys(schema).join(', ') || 'none'}`,
      );
  const values: [string, ParameterValue][] = [];
  for (const [name, definition] of Object.entries(schema))
    values.push([name, checkedValue(name, definition, given[name] ?? definition.default)]);
  return Object.fromEntries(values);
}

function checkedValue(
  name: string,
  definition: ParameterDefinition,
  given: unknown,
): ParameterValue {
  if (definition.type === 'boolean') {
    if (typeof given === 'boolean') return given;
    if (given === 'true' || given === 'false') return given === 'true';
    throw refused(name, given, 'true or false');
  }
  if (definition.type === 'text') {
    if (typeof given !== 'string') throw refused(name, given, 'text');
    if (definition.choices && !definition.choices.includes(given))
      throw refused(name, given, `one of ${definition.choices.join(', ')}`);
    return given;
  }
  const value = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
  if (typeof value !== 'number' || !Number.isFinite(value)) throw refused(name, given, 'a number');
  if (definition.type === 'integer' && !Number.isSafeInteger(value))
    throw refused(name, given, 'a whole number');
  if (value < (definition.min ?? -Infinity)) throw refused(name, given, `from ${definition.min}`);
  if (value > (definition.max ?? Infinity)) throw refused(name, given, `at most ${definition.max}`);
  return value === 0 ? 0 : value; // -0 and 0 are one parameter set
}

function refused(name: string, given: unknown, rule: string): BacktestError {
  const shown = typeof given === 'string' ? JSON.stringify(given.slice(0, 60)) : String(given);
  return new BacktestError('PARAMETER_INVALID', `Parameter ${name} is ${shown}: it is ${rule}`);
}
