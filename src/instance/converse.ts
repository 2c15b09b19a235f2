import { CONVERSE, type calledByHost } from '../canonical-abi/runtime/async/host-calls.ts';
import { STANDARD_EXPORTS, type StandardRole, versionOfRole } from '../contract/standard.ts';
import type { WasiVersion } from '../contract/wasi.ts';
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
    const status = statusOf(functionOf(exports, 'command').func);
    wasi?.drain();
    return status;
  }
  const { func: handle, version } = functionOf(exports, 'http');
  if (version === '0.3') {
    // Who has none of WASI 0.3 cannot have the function of these types.
    if (wasi?.outside === undefined) throw notExported('http');
    const { request, answer, isOver } = wasi.serve(order, line);
    (handle as unknown as Conversing)[CONVERSE]({ hear: answer, isOver }, request);
    return undefined;
  }
  // Who has no `wasi:http/types` cannot have the function of these types.
  if (wasi?.imports['wasi:http/types'] === undefined) throw notExported('http');
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

type Conversing = ReturnType<typeof calledByHost>;

type Callable = (...values: readonly unknown[]) => unknown;

/** The function of a role: of WASI 0.3 where the component has both. */
function functionOf(exports: Exports, role: StandardRole): { readonly func: Callable; readonly version: WasiVersion } {
  for (const version of ['0.3', '0.2'] as const) {
    const key = Object.keys(exports).find((path) => versionOfRole(path, role) === version);
    const found = key === undefined ? undefined : (exports[key] as Exports)[STANDARD_EXPORTS[role][version].func];
    if (typeof found === 'function') return { func: found as Callable, version };
  }
  throw notExported(role);
}

function notExported(role: StandardRole): PluginError {
  const { interface: owner } = STANDARD_EXPORTS[role]['0.3'];
  return new PluginError('ERR_INVALID_ARGUMENT', `The component exports no ${owner} of WASI 0.2 or 0.3`, {
    hint: 'A `fallback` needs the functions of the plugin that it stands in for.',
  });
}
