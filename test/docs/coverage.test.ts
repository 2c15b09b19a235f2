import { access, glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { createProgram } from '../../src/cli/program.ts';
import { blocksOf, ROOT } from './blocks.ts';
import { EXECUTED, NEEDS_REDIS, NEEDS_REGISTRY } from './pages.ts';

const root = fileURLToPath(ROOT);

/** Blocks that nobody runs, with the reason. */
const EXEMPT: Readonly<Record<string, string>> = {
  text: 'diagrams',
  wit: 'compiled by `upgrade.test.ts`, or of an example',
  javascript: 'of an example: `test/examples/pricing.test.ts`',
  typescript: 'of an example: `test/examples/pricing.test.ts`',
};

/** Words that commands in blocks of `sh` begin with and that are not this project's. */
const COMMON = new Set([
  'curl --data',
  'esbuild host.ts',
  'node --build-sea',
  'npm ci',
  'npm test',
  'npm init',
  'npm install',
  'pip install',
  'python3 -m',
  '. .venv/bin/activate',
]);

async function pages(): Promise<string[]> {
  const found: string[] = [];
  // The compiler looks at the blocks of the API reference, as `npm run lint` has it do.
  const patterns = ['*.md', 'docs/*.md', 'examples/**/*.md'];
  for await (const page of glob(patterns, { cwd: root })) found.push(page);
  return found;
}

/** The blocks of all pages of the project, templates excepted: `scripts/try-templates.ts` does what those say. */
async function allBlocks(): Promise<{ page: string; place: string; language: string; text: string }[]> {
  const sources = await Promise.all(
    (await pages()).map(async (page) => [page, await readFile(join(root, page), 'utf8')] as const),
  );
  const found = sources.map(async ([page, source]) => {
    const languages = [...source.matchAll(/^```(\w+)$/gm)].map(([, language]) => language!);
    return (await blocksOf(page, languages)).map((block) => ({ page, ...block }));
  });
  return (await Promise.all(found)).flat();
}

/** The commands of a block of `sh`, without comments. */
function shellCommands(text: string): string[] {
  return text
    .split(/\n|&&/)
    .map((command) => command.replace(/(^|\s)#.*/, '').trim())
    .filter((command) => command !== '');
}

describe('the blocks of code in the documentation', () => {
  it('are all run, or exempt with a reason', async () => {
    const missed = (await allBlocks())
      .filter(({ language }) => language !== 'sh' && !Object.hasOwn(EXEMPT, language))
      .filter(({ page, language }) => {
        const runs = [...EXECUTED, ...NEEDS_REDIS, ...NEEDS_REGISTRY].includes(page);
        return !runs || !['ts', 'js', 'console'].includes(language);
      })
      .map(({ place, language }) => `${place}: ${language}`);
    expect(missed).to.deep.equal([]);
  });

  it('are closed, and all have a language', async () => {
    for (const page of await pages()) {
      const fences = (await readFile(join(root, page), 'utf8')).match(/^ *```.*$/gm) ?? [];
      for (const [index, fence] of fences.entries()) {
        // Inside of a list, where no test looks for blocks, only what is exempt may stand.
        const opening = new RegExp(`^(\`\`\`\\w+| +\`\`\`(${Object.keys(EXEMPT).join('|')}))$`);
        expect(fence, `${page}: fence ${index + 1}`).to.match(index % 2 === 0 ? opening : /^ *```$/);
      }
    }
  });

  // What takes minutes, or installs things: its commands are there, with their options.
  it('of sh name scripts, files and options that exist', async () => {
    const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    const program = await createProgram();
    const blocks = (await allBlocks()).filter(({ language }) => language === 'sh');
    expect(blocks).not.to.be.empty;
    for (const { page, place, text } of blocks) {
      for (const command of shellCommands(text)) {
        const what = `${place}: ${command}`;
        const [, script] = /^npm run (\S+)/.exec(command) ?? [];
        const [, name, rest = ''] = /^(?:npx )?wasm-plugin-pool (\S+)(.*)/.exec(command) ?? [];
        const [, file] = /^(?:sh|bash|node) ([^\s-]\S*)/.exec(command) ?? [];
        if (script !== undefined) expect(scripts, what).to.have.property(script);
        else if (name !== undefined) {
          const found = program.commands.find((candidate) => candidate.name() === name);
          const known = found?.options.map(({ long }) => long);
          expect(known, what).to.include.members([...rest.matchAll(/ (--[a-z-]+)/g)].map(([, option]) => option));
        } else if (file !== undefined) await access(join(root, page, '..', file));
        else expect(COMMON, what).to.include(/^\S+ ?\S*/.exec(command)?.[0] ?? '');
      }
    }
  });
});

describe('the README', () => {
  it('leads to every page', async () => {
    const readme = await readFile(join(root, 'README.md'), 'utf8');
    const written = new Set(['docs/jco-tests.md', 'docs/component-model-tests.md']);
    for await (const page of glob('docs/*.md', { cwd: root })) {
      // Lists that scripts write; docs/architecture.md leads to them.
      if (!written.has(page)) expect(readme, page).to.include(`(${page})`);
    }
  });
});
