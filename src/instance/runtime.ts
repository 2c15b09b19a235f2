import type { PluginDefinition } from '../artifact/definition.ts';
import { compileGlue, type InstantiateCore } from '../canonical-abi/glue.ts';
import type { Outside } from '../canonical-abi/runtime/async/outside.ts';
import { LinkedComponent, type LiveComponent } from '../canonical-abi/runtime/component.ts';
import type { GuardImport, HostImports } from '../canonical-abi/runtime/host-imports.ts';
import type { OnDropped } from '../canonical-abi/runtime/memory-pool.ts';
import { type Holding, NOTHING } from '../component/holding.ts';
import { ControlPage } from '../instrumentation/control-page.ts';

/** A component that is ready to be instantiated any number of times, by whichever binding it has. */
export interface Runtime {
  /** @throws what ends a start function, and what {@link toFault} makes `ERR_LINK` or `ERR_UNKNOWN_IMPORT` of. */
  instantiate(
    imports: HostImports,
    instantiateCore: InstantiateCore,
    guard?: GuardImport,
    outside?: Outside,
  ): LiveComponent;
  /** Whether its calls may wait for each other, so that a guest may go on while it waits for the host. */
  readonly goesOn: boolean;
  /** The page that its checks look at. */
  readonly control: ControlPage;
  /** The memories that wait for the next instance. */
  readonly idle: Holding;
  /** Lets go of them: there is no next instance. */
  empty(): void;
}

/**
 * Prepares the binding of one version of a plugin.
 *
 * @param onDropped Hears of each memory that was lent to an instance and is not kept for the next.
 * @param control The page of the thread. @default one of its own, for whoever interrupts nothing
 * @throws {PluginError} `ERR_INVALID_COMPONENT` when its glue is not what jco generates.
 */
export function createRuntime(
  { binding, modules, policy }: PluginDefinition,
  onDropped?: OnDropped,
  control: ControlPage = new ControlPage(),
): Runtime {
  if (binding.kind === 'direct') {
    return new LinkedComponent(binding.plan, [...modules.values()], policy, onDropped, control, 'block');
  }
  if (binding.kind === 'elsewhere') throw new Error('A definition without modules came to a worker');
  const instantiate = compileGlue(binding.glue, policy);
  return {
    control,
    goesOn: false,
    instantiate: (imports, instantiateCore) => ({
      exports: instantiate((name) => modules.get(name)!, imports, instantiateCore),
      lifted: () => undefined,
      byteCall: undefined,
      resourceFunction: () => undefined,
      resourceNumber: () => -1,
      reserve: () => true,
      keep: () => "it runs on jco's glue",
      openCalls: undefined,
      release() {},
    }),
    idle: NOTHING,
    empty() {},
  };
}
