import { relative } from 'node:path';
import { Command, Option } from 'commander';
import { LANGUAGE_NAMES, LANGUAGES, type Language } from './languages.ts';
import { createProject } from './new/project.ts';
import { print, printJson } from './output.ts';

interface NewOptions {
  readonly language: Language;
  readonly json?: true;
}

const EXAMPLES = `
Examples:
  $ wasm-plugin-pool new my-plugin --language typescript
  $ wasm-plugin-pool new plugins/slug --language rust

\`doctor\` tells whether the tools of a language are there.`;

/** What to type next in a new project. */
const STEPS: Readonly<Record<Language, readonly string[]>> = {
  rust: ['cargo test', 'sh build.sh'],
  go: ['go test ./slug', 'sh build.sh'],
  c: ['sh test.sh', 'sh build.sh'],
  javascript: ['npm install', 'npm test'],
  typescript: ['npm install', 'npm test'],
  assemblyscript: ['npm install', 'npm test'],
  python: ['pip install -r requirements.txt', 'python3 -m unittest', 'sh build.sh'],
};

/** `new`: a project of a plugin that works. */
export function newCommand(): Command {
  return new Command('new')
    .description('Begin a plugin: a project that builds, with a plugin that works and its tests.')
    .argument('<folder>', 'where to put it; its last part becomes the name of the plugin')
    .addOption(new Option('--language <language>', 'what to write it in').choices(LANGUAGES).makeOptionMandatory())
    .option('--json', 'print what was made as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (folder: string, { language, json }: NewOptions) => {
      const project = await createProject(folder, language);
      if (json) await printJson(project);
      else await print(welcome(folder, project.name, language));
      process.exitCode = 0;
    });
}

function welcome(folder: string, name: string, language: Language): string {
  const steps = [
    `cd ${relative('', folder) || '.'}`,
    ...STEPS[language],
    `npx wasm-plugin-pool run build/${name}.wasm --input 'Hello, World!'`,
  ];
  return `${name} is a plugin in ${LANGUAGE_NAMES[language]}. Next:\n\n${steps.map((step) => `  ${step}\n`).join('')}`;
}
