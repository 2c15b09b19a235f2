import type { PluginDefinition } from '../artifact/definition.ts';
import type { GuardImport } from '../canonical-abi/runtime/host-imports.ts';
import { unversioned } from '../canonical-abi/runtime/names.ts';
import { shownName } from '../component/names.ts';
import { PluginError } from '../errors.ts';
import type { CallContext } from '../host/call-context.ts';
import { createHostApi } from '../host/host-api.ts';
import { guardHostFunction } from '../host/imports/host-function.ts';
import { type ImportingInstance, suppliedImports } from '../host/imports/supplied-modules.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * What the host gives one instance. Interfaces are looked for without their versions: releases of one interface share the
 * host's one implementation.
 *
 * @throws {PluginError} `ERR_UNKNOWN_IMPORT` when functions of the embedder's are supplied to what runs on jco's glue.
 */
export function instanceImports(
  { contract, config, imports: supplied, binding, plugin, version, policy }: PluginDefinition,
  { context, wasi, ask, tap }: Surroundings,
): Readonly<Record<string, object>> {
  const imports: Record<string, object> = { ...wasi?.imports };
  if (supplied.length > 0) {
    if (binding.kind === 'glue') throw notUnderGlue(supplied[0]!.name, binding.reason);
    const log: ImportingInstance['log'] = (level, message) => context.log(level, message);
    const instance = { plugin, version, config: Object.fromEntries(config), policy, log };
    Object.assign(imports, suppliedImports(supplied, instance, ask));
  }
  const { hostApi } = contract;
  if (hostApi !== undefined) imports[unversioned(hostApi)] = createHostApi(config, context);
  if (tap === undefined) return imports;
  // The glue asks whether resources are of the classes that it was given, and calls their methods past those.
  if (binding.kind === 'glue') return tap.past(imports, `it runs on jco's glue, because ${binding.reason}`);
  return tap.imports(imports, supplied);
}

/** Functions of the embedder's are counted as the engine's own count themselves, and may fail. */
export function guardOfImports({ imports }: PluginDefinition, context: CallContext): GuardImport | undefined {
  if (imports.length === 0) return undefined;
  const names = new Set(imports.map(({ name }) => name));
  return (path, func, fallible) =>
    names.has(path[0]!)
      ? guardHostFunction(path.toReversed().map(shownName).join(' of '), func, fallible, context)
      : undefined;
}

/** The glue calls functions as they are: nothing would count what passes, nor keep from the guest what they throw. */
function notUnderGlue(name: string, reason: string): PluginError {
  return new PluginError(
    'ERR_UNKNOWN_IMPORT',
    `The component imports ${shownName(name)}, which cannot be supplied to it: it runs on jco's glue, because ${reason}`,
    {
      hint: 'Functions of your own need the direct binding; or compose it with a component that exports them: `wac plug`.',
    },
  );
}
