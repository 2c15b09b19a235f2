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

/** `plugin-api`, as the glue exports it. */
interface PluginApi {
  initialize(config: RequestOptions): void;
  process(request: { input: string; options: RequestOptions }): {
    readonly output: string;
    readonly success: boolean;
    readonly errorMessage: string | undefined;
  };
  shutdown(): void;
  getMetadata(): PluginMetadata;
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
 * or to shut down; an `err` of `plugin-api-v2` becomes `success: false`.
 */
export function bindWorld(world: World | 'none', exported: unknown): WorldExports {
  switch (world) {
    case 'none':
      return { ...SMALL, process: noWorld };
    case 'plugin-world': {
      const api = exported as PluginApi;
      return {
        initialize: (config) => errOf(() => api.initialize(config)),
        process(input, options) {
          const { output, success, errorMessage } = api.process({ input, options });
          return errorMessage === undefined ? { output, success } : { output, success, errorMessage };
        },
        metadata: () => api.getMetadata(),
        shutdown: () => errOf(() => api.shutdown()),
      };
    }
    case 'plugin-v1': {
      const api = exported as PluginApiV1;
      return { ...SMALL, process: (input) => ({ output: api.process(input), success: true }) };
    }
    case 'plugin-v2': {
      const api = exported as PluginApiV2;
      return {
        ...SMALL,
        process(input, options) {
          let output = '';
          const errorMessage = errOf(() => {
            output = api.process(input, options);
          });
          return errorMessage === undefined ? { output, success: true } : { output, success: false, errorMessage };
        },
      };
    }
  }
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
