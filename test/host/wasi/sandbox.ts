import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CallContext, type Utterance } from '../../../src/host/call-context.ts';
import { type Policy, resolvePolicy } from '../../../src/host/policy/policy.ts';
import type { Descriptor } from '../../../src/host/wasi/filesystem/descriptor.ts';
import { createWasi, type Wasi, type WasiOptions } from '../../../src/host/wasi/index.ts';
import { WitError } from '../../../src/host/wit-error.ts';

/** The WASI of one instance, with what it said. */
export interface Sandbox {
  readonly wasi: Wasi;
  readonly context: CallContext;
  readonly said: Utterance[];
  /** An interface, as the guest sees it. */
  interface<Interface>(name: string): Interface;
  /** The descriptor of what is mounted at a path. */
  preopen(mount: string): Descriptor;
}

const made: Wasi[] = [];

/** Makes a WASI host under a policy. {@link closeAll} closes it. */
export function sandbox(policy: Policy = {}, options: Partial<WasiOptions> = {}): Sandbox {
  const said: Utterance[] = [];
  const resolved = resolvePolicy(policy);
  const context = new CallContext(resolved, (utterance) => {
    said.push(utterance);
    return true;
  });
  const wasi = createWasi({ policy: resolved, context, ...options });
  made.push(wasi);
  const get = <Interface>(name: string): Interface => wasi.imports[name] as Interface;
  return {
    wasi,
    context,
    said,
    interface: get,
    preopen(mount) {
      const { getDirectories } = get<{ getDirectories(): [Descriptor, string][] }>('wasi:filesystem/preopens');
      const found = getDirectories().find(([, path]) => path === mount);
      if (found === undefined) throw new Error(`nothing is mounted at ${mount}`);
      return found[0];
    },
  };
}

/** Closes every host that a test has made. */
export function closeAll(): void {
  for (const wasi of made.splice(0)) wasi.close();
}

/** What a host function threw as the `err` of its result. */
export function err(run: () => unknown): unknown {
  let result: unknown;
  try {
    result = run();
  } catch (error) {
    if (error instanceof WitError) return error.payload;
    throw error;
  }
  throw new Error(`expected an error, got ${String(result)}`);
}

/** What a function threw, whatever it is. */
export function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('expected an error');
}

/** A tree of files, with a sandbox beside a directory that nothing may reach. */
export interface Tree {
  readonly root: string;
  /** Granted by the tests. Holds `file` and `sub/file`, both saying `inside`. */
  readonly granted: string;
  /** Never granted. Holds `secret`, saying `outside`. */
  readonly outside: string;
  remove(): void;
}

export function tree(): Tree {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'wasi-files-')));
  const granted = join(root, 'granted');
  const outside = join(root, 'outside');
  mkdirSync(join(granted, 'sub'), { recursive: true });
  mkdirSync(outside);
  writeFileSync(join(granted, 'file'), 'inside');
  writeFileSync(join(granted, 'sub', 'file'), 'inside');
  writeFileSync(join(outside, 'secret'), 'outside');
  writeFileSync(join(outside, 'file'), 'outside');
  symlinkSync('file', join(granted, 'link'));
  return { root, granted, outside, remove: () => rmSync(root, { recursive: true }) };
}

const decoder = new TextDecoder();

/** The whole content of a file below a descriptor. */
export function cat(directory: Descriptor, path: string): string {
  const file = directory.openAt({ symlinkFollow: true }, path, {}, { read: true });
  try {
    return decoder.decode(file.read(1_000_000n, 0n)[0]);
  } finally {
    file[Symbol.dispose]();
  }
}

/** Makes or overwrites a file below a descriptor. */
export function put(directory: Descriptor, path: string, content: string): void {
  const file = directory.openAt({ symlinkFollow: true }, path, { create: true, truncate: true }, { write: true });
  try {
    file.write(bytes(content), 0n);
  } finally {
    file[Symbol.dispose]();
  }
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
