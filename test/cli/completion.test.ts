import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { Workplace } from './cli.ts';

const run = promisify(execFile);

function isInstalled(shell: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, shell), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** What has been typed, and what completing the last word of it has to offer. */
const OFFERS: readonly (readonly [typed: readonly string[], offered: readonly string[], not?: readonly string[]])[] = [
  [['ca'], ['cache']],
  [['co'], ['conformance', 'componentize', 'completion'], ['check']],
  [['cache', ''], ['path', 'list', 'prune'], ['inspect']],
  [
    ['cache', 'list', '--'],
    ['--directory', '--json'],
    ['--max-age', '--sandbox'],
  ],
  [
    ['cache', 'prune', '--max'],
    ['--max-age', '--max-bytes'],
  ],
  [['new', 'slug', '--language', 't'], ['typescript'], ['rust']],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [['run', 'x.wasm', '--in'], ['--input']],
];

describe('wasm-plugin-pool completion', () => {
  const workplace = new Workplace();

  const script = async (shell: string): Promise<string> => {
    const { status, stdout, stderr } = await workplace.run(['completion', shell]);
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    return workplace.path(await workplace.file(`completion.${shell}`, stdout));
  };

  const expectOffers = async (complete: (typed: readonly string[]) => Promise<string[]>): Promise<void> => {
    for (const [typed, offered, not = []] of OFFERS) {
      const words = await complete(typed);
      expect(words, typed.join(' ')).to.include.members([...offered]);
      expect(words, typed.join(' ')).not.to.include.members([...not, '']);
    }
  };

  it('has bash offer commands, options and their words', async function () {
    if (!isInstalled('bash')) this.skip();
    const file = await script('bash');
    await expectOffers(async (typed) => {
      const code = `source "$0"; COMP_WORDS=(wasm-plugin-pool "$@"); COMP_CWORD=$#; _wasm_plugin_pool; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return (await run('bash', ['--norc', '-c', code, file, ...typed])).stdout.trim().split('\n');
    });
  });

  it('has fish offer commands, options and their words', async () => {
    if (!isInstalled('fish')) return;
    const file = await script('fish');
    await expectOffers(async (typed) => {
      const code = `source ${file}; complete -C 'wasm-plugin-pool ${typed.join(' ')}'`;
      const { stdout } = await run('fish', ['--no-config', '-c', code]);
      return stdout
        .trim()
        .split('\n')
        .map((line) => line.split('\t')[0]!);
    });
  });

  it('has zsh complete a command, an option and a word', async () => {
    if (!isInstalled('zsh')) return;
    const file = await script('zsh');
    // A line editor in a terminal of its own: the functions of a completion run nowhere else.
    const code = `
      zmodload zsh/zpty
      zpty shell 'PS1=READY; TERM=dumb zsh -f -i'
      tell() { zpty -w shell "$1" }
      tell 'autoload -U compinit; compinit -u -D; source ${file}; wasm-plugin-pool() { print "<$*>" }; print LOADED:$?'
      zpty -r shell output '*LOADED:0*' || exit 1
      for typed in 'conf' 'cache pr' 'cache list --dir' 'new --language types'; do
        zpty -w -n shell "wasm-plugin-pool $typed"$'\\t\\n'
        zpty -r shell output '*<*>*' || exit 1
        print -r -- "\${\${output##*<}%%>*}"
      done
      zpty -d shell`;
    const shell = spawn('zsh', ['-f', '-c', code], { env: { ...process.env, HOME: workplace.directory } });
    let output = '';
    shell.stdout.on('data', (chunk) => {
      output += chunk;
    });
    await once(shell, 'close');
    expect(
      output
        .trim()
        .split('\n')
        .map((line) => line.trim()),
    ).to.deep.equal(['conformance', 'cache prune', 'cache list --directory', 'new --language typescript']);
  });
});
