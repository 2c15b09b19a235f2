import { mkdir } from 'node:fs/promises';
import { expect } from 'chai';
import { echo, misfits } from '../fixtures/guests.ts';
import { linesOf, Workplace } from './cli.ts';

describe('the command line, used wrongly', () => {
  const workplace = new Workplace();

  before(async () => {
    await workplace.file('echo.wasm', echo);
    await workplace.file('core.wasm', misfits.coreModule);
    await workplace.file('in.jsonl', '{"input":"a"}\n');
    await workplace.file('not.json', '{"a');
    await workplace.file('word.json', '"restricted"');
    await workplace.file('misspelt.json', '{"maxMemory": 1}');
    await workplace.file('small.json', '{"maxMemoryBytes": 1}');
    await mkdir(workplace.path('folder'));
  });

  const wrong: [args: string[], message: RegExp][] = [
    [['rnu'], /^error: unknown command 'rnu' \(Did you mean run\?\)$/],
    [['inspect'], /^error: missing required argument 'plugin'$/],
    [['inspect', 'echo.wasm', 'more'], /^error: too many arguments for 'inspect'/],
    [['run', 'echo.wasm', '--inptu', 'a'], /^error: unknown option '--inptu' \(Did you mean --input\?\)$/],
    [['run', 'echo.wasm'], /^error: `--input` is missing/],
    [['run', 'echo.wasm', '--input', 'a', '--option', 'b'], /^error: Expected `--option` to be key=value, got `b`/],
    [['run', 'echo.wasm', '--input', 'a', '--config', '=b'], /^error: Expected `--config` to be key=value, got `=b`/],
    [
      ['run', 'nowhere.wasm', '--input', 'a'],
      /^error: Cannot read the plugin `.*\bnowhere.wasm`: there is no such file/,
    ],
    [['run', 'folder', '--input', 'a'], /^error: Cannot read the plugin `.*\bfolder`: it is a directory/],
    [['run', 'core.wasm', '--input', 'a'], /^error: .*wasm32-wasip2.*\(ERR_NOT_A_COMPONENT\)$/],
    [['inspect', 'nowhere.wasm'], /^error: Cannot read the plugin `nowhere.wasm`: there is no such file/],
    [['inspect', 'in.jsonl'], /\(ERR_NOT_A_COMPONENT\)$/],
    [['check', 'folder'], /^error: Cannot read the plugin `.*\bfolder`: it is a directory/],
    [['check', 'echo.wasm', '--sandbox', 'strict'], /^error: Cannot read the policy `strict`: .* restricted, standard/],
    [['check', 'echo.wasm', '--sandbox', 'folder'], /^error: Cannot read the policy `folder`: .* directory/],
    [['check', 'echo.wasm', '--sandbox', 'not.json'], /^error: The policy `not.json` is not JSON: /],
    [['check', 'echo.wasm', '--sandbox', 'word.json'], /^error: The policy `word.json` is not an object/],
    [['check', 'echo.wasm', '--sandbox', 'misspelt.json'], /^error: The policy `misspelt.json` .*`maxMemory`.*/],
    [['check', 'echo.wasm', '--sandbox', 'small.json'], /^error: .*Expected `sandbox.maxMemoryBytes` to be a whole/],
    [['cache', 'list', '--jsno'], /^error: unknown option '--jsno' \(Did you mean --json\?\)$/],
    [['cache', 'clear'], /^error: unknown command 'clear'/],
    [['cache', 'prune', '--max-age', '-1'], /^error: Expected `--max-age` to be a whole number from 0 to 36500/],
    [['batch', 'echo.wasm', '--threads', '0'], /^error: Expected `--threads` to be a whole number from 1 to 1024/],
    [['batch', 'echo.wasm', '--concurrency', '1e9'], /^error: Expected `--concurrency` to be a whole .* got `'1e9'`/],
    [['batch', 'echo.wasm', '--input', 'nowhere.jsonl'], /^error: Cannot read `nowhere.jsonl`: no such file/],
    [
      ['batch', 'echo.wasm', '--input', 'folder'],
      /^error: Cannot read `folder`: it is a directory\. \(ERR_INVALID_ARGUMENT\)$/,
    ],
    [['batch', 'nowhere.wasm', '--input', 'in.jsonl'], /^error: Cannot read the plugin `.*\bnowhere.wasm`/],
    [['batch', 'echo.wasm', '--input', 'in.jsonl', '--output', 'in.jsonl'], /`input` and `output` are the same/],
    [
      ['batch', 'echo.wasm', '--input', 'in.jsonl', '--output', 'new', '--dead-letter', './new'],
      /`output` and `deadLetter` are the same file/,
    ],
  ];

  for (const [args, message] of wrong) {
    it(`says what is wrong in one line: ${args.join(' ')}`, async () => {
      const { status, stdout, stderr } = await workplace.run(args);
      expect(linesOf(stderr), stderr).to.have.length(1);
      expect(linesOf(stderr)[0]).to.match(message);
      expect(stdout).to.equal('');
      expect(status).to.equal(2);
    });
  }

  const unwritable: [option: string, path: string, message: RegExp][] = [
    [
      '--output',
      'folder',
      /^error: Cannot write `folder`: illegal operation on a directory\. \(ERR_INVALID_ARGUMENT\)$/,
    ],
    ['--output', 'nowhere/out.jsonl', /^error: Cannot write `nowhere\/out.jsonl`: no such file or directory\. /],
    ['--dead-letter', 'folder', /^error: Cannot write `folder`: illegal operation on a directory\. /],
  ];

  for (const [option, path, message] of unwritable) {
    it(`says that ${option} ${path} cannot be written`, async () => {
      const result = await workplace.run(['batch', 'echo.wasm', '--input', 'in.jsonl', '--quiet', option, path]);
      expect(linesOf(result.stderr)).to.have.length(1);
      expect(linesOf(result.stderr)[0]).to.match(message);
      expect(result.status).to.equal(2);
    });
  }
});

describe('the command line, asked for help', () => {
  const workplace = new Workplace();

  it('shows its commands and exit statuses', async () => {
    const { status, stdout, stderr } = await workplace.run(['--help']);
    for (const command of ['inspect', 'check', 'run', 'batch', 'bench', 'cache'])
      expect(stdout).to.match(new RegExp(`^  ${command} `, 'm'));
    expect(stdout).to.include('Exit status: 0 done, 1 the plugin or a record failed, 2 wrong usage');
    expect(stderr).to.equal('');
    expect(status).to.equal(0);
  });

  for (const command of ['inspect', 'check', 'run', 'batch', 'bench', 'cache']) {
    it(`shows examples of ${command}`, async () => {
      const { status, stdout } = await workplace.run([command, '--help']);
      expect(stdout).to.match(new RegExp(`Examples:\n  \\$ wasm-plugin-pool ${command} `));
      expect(status).to.equal(0);
    });
  }

  it('shows its help and fails when it gets no command', async () => {
    const { status, stdout, stderr } = await workplace.run([]);
    expect(stdout).to.equal('');
    expect(stderr).to.match(/^Usage: wasm-plugin-pool /);
    expect(status).to.equal(2);
  });

  it('shows its version', async () => {
    const { status, stdout } = await workplace.run(['--version']);
    expect(stdout).to.match(/^\d+\.\d+\.\d+\n$/);
    expect(status).to.equal(0);
  });
});
