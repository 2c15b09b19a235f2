import { type CompletedCommand, everyCommand } from './tree.ts';

/** A script for fish 3 and later. */
export function fishCompletion(root: CompletedCommand): string {
  const lines = everyCommand(root).flatMap(([path, { commands, options, words }]) => {
    const condition = path.length === 0 ? '__fish_use_subcommand' : within(path, commands);
    const complete = `complete -c ${root.name} -n ${quoted(condition)}`;
    return [
      ...commands.map(({ name, description }) => `${complete} -f -a ${name} -d ${quoted(description)}`),
      ...words.map((word) => `${complete} -f -a ${quoted(word)}`),
      ...options.map(({ flags, description, value }) => {
        const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
        const takes = value === 'none' ? '' : value === 'any' ? ' -r' : ` -x -a ${quoted(value.join(' '))}`;
        return `${complete} ${names.join(' ')}${takes} -d ${quoted(description)}`;
      }),
    ];
  });
  return `# fish completion of ${root.name}: ${root.name} completion fish | source\n${lines.join('\n')}\n`;
}

/** After all the names of a path, and before any below it: those that have their own say. */
function within(path: readonly string[], below: readonly CompletedCommand[]): string {
  const seen = path.map((name) => `__fish_seen_subcommand_from ${name}`);
  const none = below.length === 0 ? [] : [`not __fish_seen_subcommand_from ${below.map(({ name }) => name).join(' ')}`];
  return [...seen, ...none].join('; and ');
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
