import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { compileModules } from '../../../src/artifact/artifact.ts';
import { compileComponent } from '../../../src/artifact/compile-component.ts';
import type { PluginDefinition } from '../../../src/artifact/definition.ts';
import { ToolPanic } from '../../../src/artifact/tool-refusal.ts';
import { vet } from '../../../src/artifact/vetting.ts';
import { describe, PluginError } from '../../../src/errors.ts';
import { resolvePolicy } from '../../../src/host/policy/policy.ts';
import { mutant } from './mutate.ts';
import type { Assignment, Report, Verdict } from './protocol.ts';
import { components } from './seeds.ts';

/*
 * A process of its own, so that a crash ends it and not the tests: compiles mutants, and has those that are accepted
 * run in a worker with tight limits.
 */

const policy = resolvePolicy({
  maxMemoryBytes: 2 * 1024 * 1024,
  maxOutputBytes: 64 * 1024,
  maxHostCalls: 200,
  maxLogBytes: 4096,
});
/**
 * Milliseconds that the calls into a mutant may take together, the start of a thread included. A mutant may loop: then it
 * has to be ended.
 */
const RUN_MS = 1500;
/** Less than the engine's own: what passes is compiled here afterwards, and a mutant must not hang. */
const VETTING = { bytes: 256 * 1024 * 1024, seconds: 2 };
const seeds = await components();
let worker: Worker | undefined;

async function judge(seed: number, index: number): Promise<Verdict | 'panicked'> {
  const { bytes } = mutant(seed, index, seeds);
  try {
    const component = await compileComponent(bytes, policy);
    const { contract, binding, summary, suspects } = component;
    if (suspects.length > 0) await vet(suspects, { group: '', signal: new AbortController().signal, limits: VETTING });
    const modules = await compileModules({ ...component, sha256: '', key: '' });
    return await run(index, {
      plugin: 'mutant',
      version: '0',
      contract,
      binding,
      modules,
      maxBytes: summary.maxBytes,
      memories: summary.memories.length,
      environment: [],
      config: [['key', 'value']],
      policy,
      imports: [],
    });
  } catch (error) {
    if (error instanceof ToolPanic) return 'panicked';
    if (error instanceof PluginError) return { index, outcome: error.code };
    return { index, outcome: 'threw', problem: `compiling threw ${describe(error)}` };
  }
}

async function run(index: number, definition: PluginDefinition): Promise<Verdict> {
  worker ??= new Worker(new URL('./run-worker.ts', import.meta.url), {
    env: {},
    resourceLimits: { stackSizeMb: 1, maxOldGenerationSizeMb: 96 },
  });
  const running = worker;
  if (running.threadId > 0) await ready(running);
  running.postMessage({ index, definition });
  let timer: NodeJS.Timeout | undefined;
  const outcome = await Promise.race([
    once(running, 'message').then(
      ([verdict]: Verdict[]) => verdict!,
      (error: unknown): Verdict => ({ index, outcome: `died: ${describe(error)}` }),
    ),
    new Promise<'stopped'>((resolve) => {
      timer = setTimeout(resolve, RUN_MS, 'stopped');
    }),
  ]);
  clearTimeout(timer);
  const isAlive = outcome !== 'stopped' && !outcome.outcome.startsWith('died');
  // After a problem the thread is replaced as well: what is wrong with it is no fault of the next mutant.
  if (isAlive && outcome.problem === undefined) return outcome;
  // It never comes back where a guest cannot be ended; the parent then takes this process for hung.
  await running.terminate();
  worker = undefined;
  if (isAlive) return outcome;
  if (outcome === 'stopped') return { index, outcome };
  const isLimit = outcome.outcome.includes('ERR_WORKER_OUT_OF_MEMORY') || outcome.outcome.includes('memory limit');
  return isLimit ? { index, outcome: 'out of memory' } : { ...outcome, problem: outcome.outcome };
}

const online = new WeakSet<Worker>();

async function ready(started: Worker): Promise<void> {
  if (online.has(started)) return;
  await once(started, 'online');
  online.add(started);
}

function report(message: Report): void {
  process.send?.(message);
}

process.once('message', async ({ seed, first, step, end }: Assignment) => {
  for (let index = first; index < end; index += step) {
    report({ kind: 'begins', index });
    const verdict = await judge(seed, index);
    if (verdict === 'panicked') {
      report({ kind: 'panicked', index });
      break;
    }
    report({ kind: 'verdict', verdict });
  }
  await worker?.terminate();
  process.disconnect?.();
});
