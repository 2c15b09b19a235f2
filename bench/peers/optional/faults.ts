/**
 * What a faulty plugin does to a host that runs it in one of these ways: `node faults.ts FAULT`. Says `called` before
 * the fault, what the host is told of it, and `alive` when the host's event loop turns again.
 */
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { credentials, type ServiceError } from '@grpc/grpc-js';
import koffi from 'koffi';
import { LuaFactory } from 'wasmoon';
import { service } from './grpc-service.ts';

const C = `
  void pointer(void) { *(volatile int *)8 = 1; }
  void endless(void) { for (volatile int on = 1; on;) ; }`;

const FAULTS: Readonly<Record<string, () => unknown>> = {
  'library: pointer': () => library('pointer'),
  'library: endless': () => library('endless'),
  'Lua: error': () => lua('local nothing\nreturn nothing.field'),
  'Lua: endless': () => lua('while true do end'),
  'gRPC: pointer': grpc,
};

// Not `console.log`, which a process that is killed may not have written yet.
const say = (text: string): unknown => writeSync(1, `${text}\n`);

function begin(): void {
  say('called');
  setTimeout(() => say('alive'));
}

function library(name: string): void {
  const directory = mkdtempSync(join(tmpdir(), 'wasm-plugin-pool-bench-'));
  const file = join(directory, 'libfault.so');
  execFileSync('cc', ['-x', 'c', '-shared', '-fPIC', '-o', file, '-'], { input: C });
  const fault = koffi.load(file).func(`void ${name}(void)`);
  // It stays loaded without its file.
  rmSync(directory, { recursive: true });
  begin();
  fault();
}

async function lua(script: string): Promise<unknown> {
  const engine = await new LuaFactory().createEngine();
  begin();
  return engine.doStringSync(script);
}

/** The service dies of what would be a bad pointer in it. */
async function grpc(): Promise<void> {
  const server = fork(fileURLToPath(new URL('./grpc-server.ts', import.meta.url)));
  const [{ port }] = (await once(server, 'message')) as [{ port: number }];
  const client = new (service())(`127.0.0.1:${port}`, credentials.createInsecure());
  const ended = once(server, 'exit');
  server.kill('SIGSEGV');
  await ended;
  begin();
  const error = await new Promise<ServiceError | null>((resolve) => client.process!({ input: 'x' }, resolve));
  client.close();
  if (error !== null) throw error;
}

const [name = ''] = process.argv.slice(2);
try {
  await FAULTS[name]!();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
}
