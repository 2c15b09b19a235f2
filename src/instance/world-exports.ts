import { Buffer } from 'node:buffer';
import { assertOneEach } from '../contract/one-each.ts';
import { toText } from '../contract/text-of-bytes.ts';
import type { PluginMetadata, PluginResponse, RequestOptions } from '../contract/values.ts';
import type { World } from '../contract/worlds.ts';
import { PluginError } from '../errors.ts';

/** The functions of a plugin, whichever world it implements. What they throw is a fault. */
export interface WorldExports {
  /** @returns The text of the `err`, if it returned one. */
  initialize(config: RequestOptions): string | undefined;
  process(input: string, options: RequestOptions): PluginResponse;
  metadata(): PluginMetadata | undefined;
  /** @returns The text of the `err`, if it returned one. */
  shutdown(): string | undefined;
}

/** What the full worlds have beside the function that does their work, as the glue exports it. */
interface Lifecycle {
  initialize(config: RequestOptions): void;
  shutdown(): void;
  getMetadata(): PluginMetadata;
}

interface Request {
  readonly input: string;
  readonly options: RequestOptions;
}

interface Response {
  readonly output: string;
  readonly success: boolean;
  readonly errorMessage: string | undefined;
}

/** `plugin-api`, as the glue exports it. */
interface PluginApi extends Lifecycle {
  process(request: Request): Response;
}

/** `plugin-api-bytes` and `plugin-api-batch`, as the glue exports them. */
interface PluginApiBytes extends Lifecycle {
  processBytes(input: Uint8Array, options: RequestOptions): Uint8Array;
}
interface PluginApiBatch extends Lifecycle {
  processBatch(requests: readonly Request[]): readonly Response[];
}

/** `plugin-api-v1` and `plugin-api-v2`, as the glue exports them. */
interface PluginApiV1 {
  process(input: string): string;
}
interface PluginApiV2 {
  process(input: string, options: RequestOptions): string;
}

/**
 * Puts the exported interface of a world behind the one shape. The small worlds have nothing to initialize, to tell
 * or to shut down; an `err` of `plugin-api-v2` or `plugin-api-bytes` becomes `success: false`.
 */
export function bindWorld(world: World | 'none', exported: unknown): WorldExports {
  switch (world) {
    case 'none':
      return { ...SMALL, process: noWorld };
    case 'plugin-world': {
      const api = exported as PluginApi;
      return { ...lifecycleOf(api), process: (input, options) => responseOf(api.process({ input, options })) };
    }
    case 'plugin-bytes': {
      const api = exported as PluginApiBytes;
      return {
        ...lifecycleOf(api),
        process: (input, options) => fallible(() => toText(api.processBytes(Buffer.from(input), options))),
      };
    }
    case 'plugin-batch': {
      const api = exported as PluginApiBatch;
      return {
        ...lifecycleOf(api),
        process(input, options) {
          const responses = api.processBatch([{ input, options }]);
          assertOneEach(responses, 1);
          return responseOf(responses[0]!);
        },
      };
    }
    case 'plugin-v1': {
      const api = exported as PluginApiV1;
      return { ...SMALL, process: (input) => ({ output: api.process(input), success: true }) };
    }
    case 'plugin-v2': {
      const api = exported as PluginApiV2;
      return { ...SMALL, process: (input, options) => fallible(() => api.process(input, options)) };
    }
  }
}

/** `process` of a world as a function that is called by itself: what it takes, and what its answer comes to. */
export interface ProcessCall {
  readonly name: string;
  args(input: string, options: RequestOptions): readonly unknown[];
  /** @param call Gives what it returned, or throws its `err`. */
  answer(call: () => unknown): PluginResponse;
}

/** The worlds whose requests may go on beside each other. */
export const PROCESS_CALLS: Readonly<Partial<Record<World | 'none', ProcessCall>>> = {
  'plugin-world': {
    name: 'process',
    args: (input, options) => [{ input, options }],
    answer: (call) => responseOf(call() as Response),
  },
  'plugin-bytes': {
    name: 'process-bytes',
    args: (input, options) => [Buffer.from(input), options],
    answer: (call) => fallible(() => toText(call() as Uint8Array)),
  },
  'plugin-v1': {
    name: 'process',
    args: (input) => [input],
    answer: (call) => ({ output: call() as string, success: true }),
  },
  'plugin-v2': {
    name: 'process',
    args: (input, options) => [input, options],
    answer: (call) => fallible(() => call() as string),
  },
};

function lifecycleOf(api: Lifecycle): Omit<WorldExports, 'process'> {
  return {
    initialize: (config) => errOf(() => api.initialize(config)),
    metadata: () => api.getMetadata(),
    shutdown: () => errOf(() => api.shutdown()),
  };
}

function responseOf({ output, success, errorMessage }: Response): PluginResponse {
  return errorMessage === undefined ? { output, success } : { output, success, errorMessage };
}

/** The answer of a function that returns a `result`. */
function fallible(call: () => string): PluginResponse {
  let output = '';
  const errorMessage = errOf(() => {
    output = call();
  });
  return errorMessage === undefined ? { output, success: true } : { output, success: false, errorMessage };
}

function noWorld(): never {
  throw new PluginError(
    'ERR_INCOMPATIBLE_WIT',
    'The component implements no world of the contract, and has no `process`',
    {
      hint: 'Call the functions that it exports with `engine.call`.',
    },
  );
}

const nothing = (): undefined => undefined;
const SMALL = { initialize: nothing, metadata: nothing, shutdown: nothing } as const;

/**
 * The text of the WIT `err` that a call returns. The glue throws it in an error with an own property `payload`, which
 * no trap and no error of the glue's has.
 */
function errOf(call: () => void): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    if (error instanceof Error && Object.hasOwn(error, 'payload')) {
      const { payload } = error as { payload?: unknown };
      if (typeof payload === 'string') return payload;
    }
    throw error;
  }
}
