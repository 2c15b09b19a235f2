import { createHash } from 'node:crypto';
import { serialize } from 'node:v8';
import { invalidArgument, nonEmptyString } from '../arguments/arguments.ts';
import type { ArtifactSummary } from '../artifact/artifact.ts';
import type { CallCodec, CallCodecs, WireArguments } from '../canonical-abi/runtime/calls/call-codec.ts';
import { giveBackBuffer, isSpare } from '../canonical-abi/runtime/calls/spare-buffers.ts';
import { Misfit } from '../canonical-abi/runtime/misfit.ts';
import { shownName } from '../component/names.ts';
import type { FunctionCall } from '../contract/values.ts';
import type { Conversation } from '../conversation/conversation.ts';
import type { ConversationOrder } from '../conversation/messages.ts';
import { describe, PluginError } from '../errors.ts';
import { type ExportedFunction, exportedFunction } from './exported-function.ts';
import type { PluginFunctions } from './plugin-functions.ts';
import type { ProcessOptions } from './process-options.ts';

type AnyFunction = (...args: never[]) => unknown;

/**
 * The functions of one plugin: what is declared, or any.
 *
 * @example
 * // What `wasm-plugin-pool types` has written of the plugin:
 * declare module 'wasm-plugin-pool' {
 *   interface PluginFunctions {
 *     adder: { add: (a: number, b: number) => number };
 *   }
 * }
 * type Adder = FunctionsOf<'adder'>;
 */
export type FunctionsOf<Name extends string> = Name extends keyof PluginFunctions
  ? PluginFunctions[Name]
  : Readonly<Record<string, (...args: unknown[]) => unknown>>;

/**
 * The arguments of a function.
 *
 * @example
 * const args: ArgumentsOf<(items: number[], currency: string) => number> = [[1, 2], 'EUR'];
 * await engine.call('till', 'acme:app/pricing#quote', args);
 */
export type ArgumentsOf<Func> = Func extends AnyFunction ? Readonly<Parameters<Func>> : never;

/**
 * What a function returns.
 *
 * @example
 * const total: ReturnOf<(items: number[]) => number> = 3;
 */
export type ReturnOf<Func> = Func extends AnyFunction ? ReturnType<Func> : never;

/** A call in the form in which it crosses into a worker. */
export type PreparedCall = NamedCall | BytesCall | ConversationCall;

/** By name, for what has no codec on this side: a component on jco's glue, or in another process. */
export interface NamedCall {
  readonly kind: 'named';
  readonly func: FunctionCall;
  /** Equal for equal calls: what `input` is for requests. */
  readonly input: string;
  readonly byteLength: number;
  /** How many requests it is to the limits of the queue. */
  readonly requests: number;
}

/** Of a command or a handler of HTTP, which passes streams while it runs. */
export interface ConversationCall {
  readonly kind: 'conversation';
  readonly order: ConversationOrder;
  readonly conversation: Conversation;
  /** Equal for calls that are equal as far as is known: nobody knows what a stream will bring. */
  readonly input: string;
  readonly byteLength: number;
}

/** Makes such a call. */
export type Converse = (call: ConversationCall, options: ProcessOptions) => Promise<unknown>;

/** A call by name; `input` is equal for equal calls. */
export function namedCall(input: string, func: FunctionCall, requests = 1): NamedCall {
  return { kind: 'named', func, input, byteLength: func.args.byteLength, requests };
}

/** By number, with its arguments as bytes. */
class BytesCall implements WireArguments {
  readonly kind = 'bytes';
  readonly bytes: WireArguments['bytes'];
  readonly from: number;
  readonly end: number;
  readonly requests: number;
  readonly #path: string;
  readonly #func: Omit<FunctionCall, 'args'>;
  readonly #into: Uint8Array | undefined;
  #input: string | undefined;
  readonly #codec: CallCodec;

  constructor(
    path: string,
    func: Omit<FunctionCall, 'args'>,
    codec: CallCodec,
    { bytes, from, end }: WireArguments,
    requests: number,
    into: Uint8Array | undefined,
  ) {
    this.#into = into;
    this.requests = requests;
    this.#path = path;
    this.#func = func;
    this.#codec = codec;
    this.bytes = bytes;
    this.from = from;
    this.end = end;
  }

  get number(): number {
    return this.#codec.number;
  }

  get byteLength(): number {
    return this.end - this.from;
  }

  /** Equal for equal calls. Hardly any call is asked for it. */
  get input(): string {
    // The bytes have pointers, which count from where the arguments happen to be.
    this.#input ??= `${this.#path} ${sha256(pack(this.#codec.argumentsOf(this)))}`;
    return this.#input;
  }

  /** The same by name, for another component. */
  named(): NamedCall {
    const args = pack(this.#codec.argumentsOf(this));
    return namedCall(`${this.#path} ${sha256(args)}`, { ...this.#func, args }, this.requests);
  }

  /** It is over: the memory of its arguments may serve another call. */
  release(): void {
    const { buffer } = this.bytes;
    this.#input ??= this.#path;
    if (isSpare(buffer)) giveBackBuffer(buffer);
  }

  /** The value of a result that a worker has put there. */
  decode(buffer: ArrayBufferLike, at: number): unknown {
    const into = this.#into;
    return into === undefined ? this.#codec.decode(buffer, at) : this.#codec.decodeInto(buffer, at, into);
  }
}

/** The functions of one version of a plugin. */
export interface CallableFunctions {
  readonly functions: ArtifactSummary['functions'];
  /** Undefined where arguments travel as JavaScript has them. */
  readonly codecs: CallCodecs | undefined;
}

/**
 * Finds a function among those that a component exports, and packs its arguments.
 *
 * @param requests How many it is to the limits of the queue.
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` when there is none, and as {@link packCall}.
 */
export function prepareCall(callable: CallableFunctions, path: unknown, args: unknown, requests = 1): PreparedCall {
  const func = exportedFunction(callable.functions, nonEmptyString('path', path));
  return packCall(callable.codecs, func, args, requests);
}

/**
 * Packs the arguments of a function.
 *
 * @param into Where the bytes are put that it returns.
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` when it cannot be called from outside of its thread, or for arguments that are
 * too many, too few or of other types.
 */
export function packCall(
  codecs: CallCodecs | undefined,
  { path, interface: owner, name, params, returns, obstacle }: ExportedFunction,
  args: unknown,
  requests = 1,
  into?: Uint8Array,
): PreparedCall {
  if (obstacle !== undefined) {
    throw new PluginError('ERR_INVALID_ARGUMENT', `${shownName(path)} cannot be called from outside: ${obstacle}`, {
      hint: 'Resources are used in a session, which `engine.session` opens. Streams and futures cannot cross threads.',
    });
  }
  if (!Array.isArray(args) || args.length !== params.length) {
    throw invalidArgument('args', `an array of ${params.length} arguments`, args);
  }
  const codec = codecs?.find(owner, name);
  if (codec !== undefined)
    return new BytesCall(path, { interface: owner, name, returns }, codec, encoded(codec, args), requests, into);
  const packed = pack(args);
  const func: FunctionCall = { interface: owner, name, returns, args: packed };
  return namedCall(`${path} ${sha256(packed)}`, func, requests);
}

function encoded(codec: CallCodec, args: readonly unknown[]): WireArguments {
  try {
    return codec.encode(args);
  } catch (error) {
    throw new PluginError(
      'ERR_INVALID_ARGUMENT',
      `The arguments do not fit the function: ${error instanceof Misfit ? error.message : describe(error)}`,
      {
        hint: '`wasm-plugin-pool types` writes the types that it takes.',
        cause: error,
      },
    );
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** @throws {PluginError} `ERR_INVALID_ARGUMENT` for what cannot cross threads. */
export function pack(args: unknown): Uint8Array {
  try {
    return serialize(args);
  } catch (error) {
    throw new PluginError('ERR_INVALID_ARGUMENT', 'The arguments have a value that cannot cross threads', {
      hint: 'Pass plain values: no functions, symbols, class instances with behaviour or shared memory.',
      cause: error,
    });
  }
}
