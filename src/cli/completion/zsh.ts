import type { CompletedCommand, CompletedOption } from './tree.ts';

/** A script for zsh 5 and later, to be evaluated or to lie on `$fpath`. */
export function zshCompletion(root: CompletedCommand): string {
  return `#compdef ${root.name}
# zsh completion of ${root.name}: eval "$(${root.name} completion zsh)"
_${root.name}() {
  local context state state_descr line
  typeset -A opt_args
${body(root, '  ')}}
if [ "$funcstack[1]" = _${root.name} ]; then
  _${root.name} "$@"
else
  compdef _${root.name} ${root.name}
fi
`;
}

function body({ commands, options, words }: CompletedCommand, indent: string): string {
  const specs = options.flatMap(optionSpecs).map((spec) => ` \\\n${indent}  ${spec}`);
  if (commands.length === 0) {
    const files = words.length === 0 ? "'*:file:_files'" : quoted(`*: :(${words.join(' ')})`);
    return `${indent}_arguments${specs.join('')} \\\n${indent}  ${files}\n`;
  }
  const described = commands.map(({ name, description }) => `${indent}    ${quoted(`${name}:${description}`)}\n`);
  const cases = commands.map(
    (command) => `${indent}    ${command.name})\n${body(command, `${indent}      `)}${indent}      ;;\n`,
  );
  return `${indent}_arguments -C${specs.join('')} \\
${indent}  '1: :->command' '*:: :->rest'
${indent}case $state in
${indent}command)
${indent}  local -a commands=(
${described.join('')}${indent}  )
${indent}  _describe -t commands command commands
${indent}  ;;
${indent}rest)
${indent}  case $line[1] in
${cases.join('')}${indent}  esac
${indent}  ;;
${indent}esac
`;
}

function optionSpecs({ flags, description, value }: CompletedOption): string[] {
  const action = value === 'none' ? '' : value === 'any' ? ':value:_files' : `:value:(${value.join(' ')})`;
  const about = description.replace(/[[\]:\\]/g, '\\$&');
  return flags.map((flag) => quoted(`*${flag}[${about}]${action}`));
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
