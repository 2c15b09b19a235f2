import { Buffer } from 'node:buffer';
import type { Writable } from 'node:stream';
import { setImmediate } from 'node:timers';
import { invalidArgument } from '../arguments/arguments.ts';
import type { ByteSink } from '../conversation/outlet.ts';
import type { CommandOutput } from '../request/run-options.ts';

/** Where one stream of a command goes while it runs. */
export interface CommandSink extends ByteSink {
  /** What nobody else took. */
  readonly collected: () => Buffer;
  /** It writes no more. */
  release(): void;
}

/**
 * Looks at an output before any is taken hold of: a stream that was is locked for its owner.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`.
 */
export function assertOutput(name: 'stdout' | 'stderr', output: CommandOutput | undefined): void {
  if (output === undefined || typeof output === 'function') return;
  if (output instanceof WritableStream) {
    if (output.locked) throw invalidArgument(name, 'a stream that nobody else writes to', output);
    return;
  }
  if (typeof output !== 'object' || output === null || typeof output.write !== 'function')
    throw invalidArgument(name, 'a stream to write to, or a function', output);
}

/** @throws {PluginError} `ERR_INVALID_ARGUMENT` for a stream that both outputs have. */
export function commandSink(name: 'stdout' | 'stderr', output: CommandOutput | undefined): CommandSink {
  if (output === undefined) return collecting();
  if (typeof output === 'function')
    return { write: (bytes) => output(viewOf(bytes)), collected: nothing, release() {} };
  if (output instanceof WritableStream) return webSink(name, output);
  return nodeSink(output);
}

const nothing = (): Buffer => Buffer.alloc(0);

/** What it may be is bounded by the policy's `maxOutputBytes`. */
function collecting(): CommandSink {
  const chunks: Buffer[] = [];
  return {
    write(bytes) {
      chunks.push(viewOf(bytes));
    },
    collected: () => Buffer.concat(chunks),
    release() {},
  };
}

function webSink(name: 'stdout' | 'stderr', stream: WritableStream<Uint8Array>): CommandSink {
  assertOutput(name, stream);
  const writer = stream.getWriter();
  // It is told by `write`.
  writer.closed.catch(() => {});
  return { write: (bytes) => writer.write(bytes), collected: nothing, release: () => writer.releaseLock() };
}

function nodeSink(stream: Writable): CommandSink {
  // What fails is told by `write`; without a listener it would end the process as well.
  const onError = (): void => {};
  stream.on('error', onError);
  return {
    write: (bytes) =>
      new Promise<void>((resolve, reject) => {
        stream.write(viewOf(bytes), (error) => (error ? reject(error) : resolve()));
      }),
    collected: nothing,
    // What has failed says so when this is over.
    release: () => void setImmediate(() => stream.off('error', onError)),
  };
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
