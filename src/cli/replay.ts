import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { sha256 } from '../artifact/pieces.ts';
import { readSource } from '../artifact/source.ts';
import type { RequestOptions } from '../contract/values.ts';
import { PluginEngine } from '../engine.ts';
import { type Recording, readRecording } from '../recording/recording.ts';
import { EXTENSION } from '../recording/recording-files.ts';
import { cleanLogLine } from '../text/log-line.ts';
import { type ExitStatus, Failure, unusable } from './failure.ts';
import { configOption } from './options.ts';
import { paint, print, printJson } from './output.ts';
import { differencesOf, hasFailed, outcomeLine } from './replay/differences.ts';
import { play } from './replay/player.ts';

interface ReplayOptions {
  readonly component?: string;
  readonly against?: string;
  readonly config: RequestOptions;
  readonly json?: true;
}

/** What `replay --json` prints of each recording. */
export interface Replayed {
  readonly file: string;
  readonly requestId: string;
  /** `same`: it did what it did when it was recorded. */
  readonly verdict: 'same' | 'different';
  /** Whether it fails now, or is answered with `success: false`. */
  readonly fails: boolean;
  readonly was: Recording['outcome'];
  readonly is: Recording['outcome'];
  /** Each in a line for people. */
  readonly differences: readonly string[];
}

const EXAMPLES = `
Examples:
  $ wasm-plugin-pool serve plugins/ --record recordings/
  $ wasm-plugin-pool replay recordings/ --component plugins/redact.wasm
  $ wasm-plugin-pool replay recordings/ --against build/redact.wasm

Exit status: with --component 1 where a request does another thing than it did; with --against 1 where one still fails.`;

/** `replay`: recorded requests again, without the host that they were made to. */
export function replayCommand(): Command {
  return new Command('replay')
    .description('Run recorded requests again, and say what is different.')
    .argument('<recordings...>', `files that were recorded, or directories of them (*${EXTENSION})`)
    .option('--component <plugin>', 'the component that they were recorded with')
    .option('--against <plugin>', 'another one, such as the same with a fault mended')
    .addOption(configOption())
    .option('--json', 'print what came of each as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (recordings: readonly string[], options: ReplayOptions) => {
      process.exitCode = await replay(recordings, options);
    });
}

async function replay(paths: readonly string[], options: ReplayOptions): Promise<ExitStatus> {
  const { component, against, json } = options;
  const path = component ?? against;
  if (path === undefined || (component !== undefined && against !== undefined)) {
    throw new Failure(2, 'Give either `--component` or `--against`: the component to run.');
  }
  const bytes = await readSource(path).catch((error: unknown) => {
    throw unusable(error);
  });
  const hash = (await sha256(bytes)).toString('hex');
  const files = await filesOf(paths);
  const engine = await PluginEngine.create({ threads: 1 });
  const all: Replayed[] = [];
  try {
    for (const file of files) {
      const recording = await readRecording(file).catch((error: unknown) => {
        throw unusable(error);
      });
      if (component !== undefined && recording.sha256 !== hash) throw otherComponent(file, component, recording, hash);
      const missing = recording.leftOut.filter((name) => !options.config.some(([given]) => given === name));
      if (missing.length > 0) throw leftOut(file, missing);
      const now = await play(engine, recording, bytes, Object.fromEntries(options.config)).catch((error: unknown) => {
        throw unusable(error);
      });
      const replayed = judge(file, recording, now);
      all.push(replayed);
      if (!json) await print(linesOf(replayed, recording, now));
    }
  } finally {
    await engine.close({ force: true });
  }
  if (json) await printJson(all);
  else if (all.length > 1) await print(`${summary(all)}\n`);
  return all.some(({ verdict, fails }) => (component === undefined ? fails : verdict === 'different')) ? 1 : 0;
}

async function filesOf(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const names = await readdir(path).catch(() => undefined);
    if (names === undefined) files.push(path);
    else files.push(...names.filter((name) => name.endsWith(EXTENSION)).map((name) => join(path, name)));
  }
  if (files.length === 0) throw new Failure(2, `There are no recordings (*${EXTENSION}) in ${paths.join(', ')}.`);
  return files.sort();
}

function judge(file: string, recording: Recording, now: Recording): Replayed {
  const differences = differencesOf(recording, now);
  return {
    file,
    requestId: recording.request.requestId,
    verdict: differences.length === 0 ? 'same' : 'different',
    fails: hasFailed(now),
    was: recording.outcome,
    is: now.outcome,
    differences,
  };
}

function linesOf({ file, verdict, differences }: Replayed, recording: Recording, now: Recording): string {
  const mark = verdict === 'same' ? paint('green', '✓') : paint('yellow', '≠');
  const lines = verdict === 'same' ? [outcomeLine(now.outcome)] : [...differences];
  if (recording.gap !== undefined) lines.push(`not all of its calls to the host were recorded: ${recording.gap}`);
  // State that was there before is in no recording.
  if (verdict === 'different' && (recording.served ?? 0) > 0)
    lines.push(`its instance had served others before (${recording.served}), and may have kept something of them`);
  // The file may be anybody's: nothing in it speaks to the terminal.
  return `${mark} ${cleanLogLine(file)}\n${lines.map((line) => `    ${cleanLogLine(line)}\n`).join('')}`;
}

function summary(all: readonly Replayed[]): string {
  const same = all.filter(({ verdict }) => verdict === 'same').length;
  const failing = all.filter(({ fails }) => fails).length;
  return `${all.length} recordings: ${same} did the same, ${all.length - same} another thing; ${all.length - failing} are answered, ${failing} fail`;
}

function otherComponent(file: string, path: string, { sha256: recorded }: Recording, hash: string): Failure {
  const message = `\`${file}\` was recorded with the component ${recorded}, and \`${path}\` is ${hash}. --against runs it all the same.`;
  return new Failure(2, message);
}

function leftOut(file: string, names: readonly string[]): Failure {
  const options = names.map((name) => `--config ${name}=…`).join(' ');
  return new Failure(
    2,
    `\`${file}\` was recorded without ${names.join(', ')} of its configuration. Give it: ${options}`,
  );
}
