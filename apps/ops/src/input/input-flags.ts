import type { Command } from 'commander';

/** The options of every command that reads rows. */
export function addInputOptions(command: Command): Command {
  return command
    .option(
      '--map <pairs>',
      'our columns by the names of the file, e.g. ts=ts_utc,volume=size; ts=date+time joins two columns',
    )
    .option(
      '--ts-format <form>',
      "iso (default), s, ms, us, ns, or a pattern, e.g. '%d.%m.%Y %H:%M:%S.%f'",
    )
    .option('--tz <zone>', 'zone of times that carry none, e.g. UTC or Asia/Kolkata; never guessed')
    .option(
      '--symbol <symbol>',
      'one symbol for all rows, in place of a column; {file} is the name of the file without its endings, {head} that up to its first - or _',
    )
    .option('--input-format <format>', 'csv, jsonl or parquet, when the name does not say')
    .option('--columns <names>', 'names of the columns of a CSV without a header, in their order')
    .option('--delimiter <character>', 'between the cells of a CSV, e.g. ";" or tab', ',');
}
