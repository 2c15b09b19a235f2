import { Argument, Command } from 'commander';
import { bashCompletion } from './completion/bash.ts';
import { fishCompletion } from './completion/fish.ts';
import { type CompletedCommand, completedCommand } from './completion/tree.ts';
import { zshCompletion } from './completion/zsh.ts';
import { print } from './output.ts';

const SHELLS = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
} as const satisfies Readonly<Record<string, (root: CompletedCommand) => string>>;

const EXAMPLES = `
Examples:
  $ eval "$(wasm-plugin-pool completion bash)"      in ~/.bashrc
  $ eval "$(wasm-plugin-pool completion zsh)"       in ~/.zshrc, after compinit
  $ wasm-plugin-pool completion fish > ~/.config/fish/completions/wasm-plugin-pool.fish

It completes the installed command (npm install --global), not what follows npx.`;

/**
 * `completion`: a script that completes commands, options and their words. It says all by itself: pressing a key starts no
 * Node.
 *
 * @param root The command line with all of its commands.
 */
export function completionCommand(root: () => Promise<Command>): Command {
  return new Command('completion')
    .description('Print a script by which a shell completes commands, options and their values.')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(SHELLS)))
    .addHelpText('after', EXAMPLES)
    .action(async (shell: keyof typeof SHELLS) => {
      await print(SHELLS[shell](completedCommand(await root())));
      process.exitCode = 0;
    });
}
