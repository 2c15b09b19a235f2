import { unversioned } from '../canonical-abi/runtime/names.ts';
import type { CallerLine } from '../conversation/line.ts';
import type { ConversationOrder } from '../conversation/messages.ts';
import { PluginError } from '../errors.ts';
import { Exit } from '../host/wasi/exit.ts';
import type { Wasi } from '../host/wasi/index.ts';

type Exports = Readonly<Record<string, unknown>>;

/**
 * Has an instance run as a command, or answer a request: what it says passes on the line meanwhile.
 *
 * @returns The status of a command.
 * @throws whatever else ends the call.
 */
export function converse(
  exports: Exports,
  wasi: Wasi | undefined,
  order: ConversationOrder,
  line: CallerLine,
): number | undefined {
  if (order.kind === 'command') {
    wasi?.command(order, line);
    const status = statusOf(functionOf(exports, 'wasi:cli/run', 'run'));
    wasi?.drain();
    return status;
  }
  const handle = functionOf(exports, 'wasi:http/incoming-handler', 'handle');
  // Who has no `wasi:http/types` cannot have the function of these types.
  if (wasi?.imports['wasi:http/types'] === undefined) throw notExported('wasi:http/incoming-handler');
  handle(...wasi.request(order, line));
  return undefined;
}

/** `run` returns a `result` without payloads, or ends by `exit`. */
function statusOf(run: (...values: readonly unknown[]) => unknown): number {
  try {
    run();
    return 0;
  } catch (error) {
    if (error instanceof Exit) return error.status;
    if (error instanceof Error && Object.hasOwn(error, 'payload')) return 1;
    throw error;
  }
}

/** The function of a standard interface, in whichever release 0.2.x the component has it. */
function functionOf(exports: Exports, owner: string, name: string): (...values: readonly unknown[]) => unknown {
  const key = Object.keys(exports).find((path) => unversioned(path) === owner && path.startsWith(`${owner}@0.2.`));
  const found = key === undefined ? undefined : (exports[key] as Exports)[name];
  if (typeof found === 'function') return found as (...values: readonly unknown[]) => unknown;
  throw notExported(owner);
}

function notExported(owner: string): PluginError {
  return new PluginError('ERR_INVALID_ARGUMENT', `The component exports no ${owner}@0.2`, {
    hint: 'A `fallback` needs the functions of the plugin that it stands in for.',
  });
}
