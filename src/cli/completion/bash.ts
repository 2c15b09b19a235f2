import { type CompletedCommand, everyCommand } from './tree.ts';

/** A script for bash 3.2 and later: words, and the shell's own completion of files where none fits. */
export function bashCompletion(root: CompletedCommand): string {
  const commands = everyCommand(root);
  const paths = commands
    .slice(1)
    .map(([path]) => `      '${[...path.slice(0, -1), ''].join(' ')}${path.at(-1)}') path="$path$word " ;;\n`);
  const values = commands.flatMap(([path, { options }]) =>
    options.flatMap(({ flags, value }) => {
      if (value === 'none') return [];
      const patterns = flags.map((flag) => `'${key(path)}${flag}'`).join('|');
      const reply = value === 'any' ? '' : ` COMPREPLY=($(compgen -W '${value.join(' ')}' -- "$current"));`;
      return `    ${patterns})${reply} return ;;\n`;
    }),
  );
  const words = commands.map(([path, { options, words: own, commands: below }]) => {
    const flags = options.flatMap((option) => option.flags).join(' ');
    const names = [...own, ...below.map(({ name }) => name)].join(' ');
    return `    '${key(path)}') flags='${flags}' words='${names}' ;;\n`;
  });
  return `# bash completion of ${root.name}: eval "$(${root.name} completion bash)"
_wasm_plugin_pool() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD - 1]}"
  local path='' word flags='' words='' index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    case "$path$word" in
${paths.join('')}    esac
  done
  case "$path$before" in
${values.join('')}  esac
  case "$path" in
${words.join('')}  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
  esac
}
complete -o default -F _wasm_plugin_pool ${root.name}
`;
}

/** How the script notes which command it is in: each name with a space after it. */
function key(path: readonly string[]): string {
  return path.map((name) => `${name} `).join('');
}
