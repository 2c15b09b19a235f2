import { mkdir, watch, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';
import { Command, Option } from 'commander';
import { WORLD_NAMES, type WorldName } from '../componentize/componentize.ts';
import { PluginError } from '../errors.ts';
import { buildAssemblyScript } from './build/assemblyscript.ts';
import { BuildError } from './build/build-error.ts';
import { buildJavaScript } from './build/javascript.ts';
import { contractFolder, findPackage, findProject, type Project } from './build/project.ts';
import { type ExitStatus, explain, Failure } from './failure.ts';
import { interruptible } from './interrupt.ts';
import { print, printJson, say } from './output.ts';
import { byteSize, printable } from './printable.ts';

interface BuildOptions {
  readonly out?: string;
  readonly world: WorldName;
  readonly watch?: true;
  readonly json?: true;
}

/** What `build --json` prints. */
export interface Built {
  readonly file: string;
  readonly language: Project['language'];
  readonly bytes: number;
  readonly milliseconds: number;
}

/** Editors write a file in several steps; one build is enough for them. */
const SETTLE_MS = 50;

const EXAMPLES = `
Examples:
  $ wasm-plugin-pool build
  $ wasm-plugin-pool build plugins/slug --watch

It builds plugins in JavaScript (src/plugin.js), TypeScript (src/plugin.ts) and AssemblyScript (assembly/plugin.ts), with
the packages componentize-qjs or assemblyscript of the project. Plugins in other languages have a script, build.sh.`;

/** `build`: a component from a project in JavaScript, TypeScript or AssemblyScript. */
export function buildCommand(): Command {
  return new Command('build')
    .description('Build a plugin that is written in JavaScript, TypeScript or AssemblyScript.')
    .argument('[folder]', 'the project', '.')
    .option('--out <file>', 'where to put the component (default: build/NAME.wasm in the project)')
    .addOption(new Option('--world <world>', 'the world it implements').choices(WORLD_NAMES).default('plugin-world'))
    .option('--watch', 'build again whenever a source changes')
    .option('--json', 'print what was built as JSON, a line for each build')
    .addHelpText('after', EXAMPLES)
    .action(async (folder: string, options: BuildOptions) => {
      const project = await findProject(folder);
      if (options.watch) process.exitCode = await interruptible(({ signal }) => keepBuilding(project, options, signal));
      else await report(await build(project, options), options);
    });
}

async function build(project: Project, { out, world }: BuildOptions): Promise<Built> {
  const started = performance.now();
  const { folder, language, name } = project;
  const file = out === undefined ? join(folder, 'build', `${name}.wasm`) : resolve(out);
  const component = await compile(project, world);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, component);
  return {
    file: relative('', file),
    language,
    bytes: component.length,
    milliseconds: Math.round(performance.now() - started),
  };
}

async function compile(project: Project, world: WorldName): Promise<Uint8Array> {
  const { folder, language, sources } = project;
  try {
    if (language !== 'assemblyscript') {
      const tool = findPackage('componentize-qjs', folder);
      return await buildJavaScript(project, tool, await contractFolder(folder), world);
    }
    if (world !== 'plugin-world') throw new Failure(2, `Plugins in AssemblyScript are built for plugin-world only.`);
    return await buildAssemblyScript(join(folder, sources), findPackage('assemblyscript', folder));
  } catch (error) {
    if (error instanceof BuildError) {
      process.stderr.write(`${printable(error.message)}\n`);
      throw new Failure(1, 'The plugin does not build.', error);
    }
    if (error instanceof PluginError) throw new Failure(1, explain(error), error);
    throw error;
  }
}

async function report(built: Built, { json }: BuildOptions): Promise<void> {
  const { file, bytes, milliseconds } = built;
  await (json ? printJson(built) : print(`${file}: ${byteSize(bytes)}, built in ${milliseconds} ms\n`));
}

/** Builds until it is interrupted. A build that fails is not the end: the next change may mend it. */
async function keepBuilding(project: Project, options: BuildOptions, signal: AbortSignal): Promise<ExitStatus> {
  // Watched before the first build, so that no change falls between the two.
  const changes = watch(join(project.folder, project.sources), { recursive: true, signal });
  let timer: NodeJS.Timeout | undefined;
  let building: Promise<void> = Promise.resolve();
  const buildOnce = (): void => {
    building = building.then(async () => {
      try {
        await report(await build(project, options), options);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        say(`error: ${error.message}`);
      }
    });
  };
  buildOnce();
  try {
    for await (const _change of changes) {
      clearTimeout(timer);
      timer = setTimeout(buildOnce, SETTLE_MS);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
    await building;
  }
  return 0;
}
