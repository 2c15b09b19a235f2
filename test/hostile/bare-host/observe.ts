import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PROOF } from '../../fixtures/injection.ts';
import { tree as makeTree, type Tree } from '../../host/wasi/sandbox.ts';
import type { Attack } from '../attack.ts';
import { contents, policyOf } from '../stage.ts';
import type { Observation, Order, Outcome } from './protocol.ts';

/** How long an attack may take on the bare host. The engine ends the longest after 200 ms. */
export const TIME_LIMIT_MS = 10_000;
/** Memory that it may take, so that the comparison leaves the machine alive. */
export const MEMORY_LIMIT_MB = 2048;
const POLL_MS = 50;
/** What a terminal acts on. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const CONTROLS = /[\u0000\r\u001b\u2028\u202e]/;
const HOST = fileURLToPath(new URL('./host.ts', import.meta.url));

/** Performs one attack on a bare host of its own. */
export async function observe(attack: Attack): Promise<Observation> {
  const tree = makeTree();
  const directory = mkdtempSync(join(tmpdir(), 'bare-host-'));
  const clear = await attack.prepare?.(tree);
  const before = JSON.stringify(contents(tree.outside));
  try {
    const seen = await watch(await orderOf(attack, tree, directory));
    return { ...seen, changedOutside: JSON.stringify(contents(tree.outside)) !== before };
  } finally {
    await clear?.();
    tree.remove();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function orderOf(attack: Attack, tree: Tree, directory: string): Promise<Order> {
  const { allowFsRead = [], allowFsWrite = [], allowEnv = [] } = policyOf(attack, tree);
  const grants = [...allowFsRead, ...allowFsWrite].map((grant) =>
    typeof grant === 'string' ? [grant, grant] : [grant.mount ?? grant.directory, grant.directory],
  );
  return {
    component: Buffer.from(await attack.guest()).toString('base64'),
    directory,
    config: attack.config ?? {},
    preopens: Object.fromEntries(grants),
    environment: Object.fromEntries(allowEnv.map((name) => [name, process.env[name] ?? ''])),
    phase: attack.phase ?? 'process',
    before: attack.before ?? [],
    input: attack.input ?? 'hello',
    options: (attack.options ?? []).map(([key, value]) => [key, value]),
    proof: PROOF,
  };
}

function watch(order: Order): Promise<Omit<Observation, 'changedOutside'>> {
  return new Promise((resolve) => {
    const host = fork(HOST, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], serialization: 'advanced' });
    let outcome: Outcome | undefined;
    let end: Observation['end'] = 'by itself';
    let printed = 0;
    let megabytes = 0;
    const began = performance.now();
    let forged = false;
    const count = (chunk: Buffer): void => {
      printed += chunk.length;
      forged ||= CONTROLS.test(chunk.toString());
    };
    host.stdout?.on('data', count);
    host.stderr?.on('data', count);
    host.on('message', (message: Outcome) => {
      outcome = message;
    });
    const poll = setInterval(() => {
      megabytes = Math.max(megabytes, residentMegabytes(host.pid));
      if (megabytes > MEMORY_LIMIT_MB) end = 'grown';
      else if (performance.now() - began > TIME_LIMIT_MS) end = 'stopped';
      else return;
      host.kill('SIGKILL');
    }, POLL_MS);
    host.on('close', (code, signal) => {
      clearInterval(poll);
      if (end === 'by itself' && (outcome === undefined || signal !== null)) end = 'died';
      resolve({
        outcome,
        end,
        signal: signal ?? (code === null ? undefined : `status ${code}`),
        printed,
        forged,
        megabytes: Math.round(Math.max(megabytes, outcome?.megabytes ?? 0)),
      });
    });
    host.send(order);
  });
}

function residentMegabytes(pid: number | undefined): number {
  try {
    const [, pages] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ');
    return (Number(pages) * 4096) / 2 ** 20;
  } catch {
    return 0;
  }
}
