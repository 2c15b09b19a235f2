import { coreModuleBytes } from '../canonical-abi/plan/core-modules.ts';
import { planBinding } from '../canonical-abi/plan/plan-binding.ts';
import { withCodeIndex } from '../component/code-index.ts';
import { type Feature, featuresOf } from '../component/features.ts';
import { parseComponent } from '../component/parse.ts';
import { parseInterfaceName } from '../contract/interface-name.ts';
import { isWasi } from '../contract/wasi.ts';
import { PluginError } from '../errors.ts';
import { type Checks, withChecks } from '../instrumentation/checked-module.ts';
import { withShortBulks } from '../instrumentation/short-bulks.ts';
import { withStateExports } from '../instrumentation/state-exports.ts';
import type { CompiledComponent } from './artifact.ts';
import { isAsynchronous, isUnknownToGlue, notRunnable } from './bindable.ts';
import { type Transpiled, transpile } from './transpile.ts';
import { validateBeyondGlue, validateModule } from './validate.ts';

/** What is asked of a binding. */
export interface BindOptions {
  /** `glue` to have jco's glue in any case. @default 'auto' */
  readonly binding?: 'auto' | 'glue';
  /** Whether the core modules get checks at which a call can be interrupted; under the glue they get none. @default 'terminate' */
  readonly interrupt?: 'trap' | 'terminate';
  /** Whether they count their instructions; what cannot be made to is refused. @default false */
  readonly metered?: boolean;
}

/**
 * Binds a component to the engine's own runtime if that can run it, else to jco's glue.
 *
 * @param capped The component with its memories capped.
 * @param options What of the policy changes the binding.
 * @throws {PluginError} `ERR_INVALID_COMPONENT` or `ERR_LINK`.
 * @throws {ToolPanic}
 */
export async function bind(
  capped: Uint8Array,
  { binding: choice = 'auto', interrupt = 'terminate', metered = false }: BindOptions = {},
): Promise<Pick<CompiledComponent, 'binding' | 'modules'>> {
  const component = parseComponent(capped);
  const glue = await validGlue(capped, featuresOf(component));
  const onGlue = (reason: string): Pick<CompiledComponent, 'binding' | 'modules'> => {
    if (glue === undefined) throw notRunnable(reason);
    if (metered) throw unmetered(`it runs on jco's glue, because ${reason}`);
    const modules = glue.modules.map(({ name, bytes }) => ({ name, bytes: withCodeIndex(withShortBulks(bytes)) }));
    return { binding: { kind: 'glue', glue: glue.glue, reason }, modules };
  };
  if (choice === 'glue')
    return onGlue(glue === undefined ? "jco's glue was asked for, which does not run it" : 'it was asked for');
  const binding = planBinding(capped, component);
  if (binding.kind === 'unsupported') return onGlue(binding.reason);
  if (binding.plan.copyEndImports?.every(isWasiImport) === false) throw notRunnable(WITH_HOST);
  const own = coreModuleBytes(capped, component);
  const used = new Set(binding.plan.initializers.flatMap((step) => (step.kind === 'instantiate' ? [step.module] : [])));
  const shown = own.map((bytes, place) => (used.has(place) ? withStateExports(bytes) : undefined));
  const irreversible = shown.find((module) => module?.irreversible !== undefined)?.irreversible;
  return {
    binding:
      binding.kind === 'direct' && irreversible !== undefined
        ? { kind: 'direct', plan: { ...binding.plan, irreversible } }
        : binding,
    // The plan goes by places, so that what nothing instantiates keeps its own, and costs nothing.
    modules: own.map((bytes, place) => {
      const module = shown[place];
      if (module === undefined) return { name: `core-${place}`, bytes: EMPTY_MODULE };
      if (glue === undefined) validateModule(bytes, place);
      const checkedBytes = checked(module.bytes, { interrupts: interrupt === 'trap', metered });
      return { name: `core-${place}`, bytes: withCodeIndex(withShortBulks(checkedBytes)) };
    }),
  };
}

/**
 * Validates a component, which planning takes for granted in part.
 *
 * @returns jco's glue, or nothing for what it does not run.
 */
async function validGlue(component: Uint8Array, features: readonly Feature[]): Promise<Transpiled | undefined> {
  if (isUnknownToGlue(features)) {
    await validateBeyondGlue(component);
    return undefined;
  }
  const transpiled = await transpile(component);
  return isAsynchronous(features) ? undefined : transpiled;
}

const WITH_HOST = 'it imports functions of others than WASI that take or return streams or futures';

function isWasiImport(name: string): boolean {
  const parsed = parseInterfaceName(name);
  return parsed !== undefined && isWasi(parsed);
}

const EMPTY_MODULE = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);

function checked(bytes: Uint8Array<ArrayBuffer>, checks: Checks): Uint8Array<ArrayBuffer> {
  if (!checks.interrupts && !checks.metered) return bytes;
  const module = withChecks(bytes, checks);
  if (checks.metered && module.checked !== 'all')
    throw unmetered('a core module of it has instructions that are not known, or tables of 64-bit addresses');
  return module.bytes;
}

function unmetered(reason: string): PluginError {
  return new PluginError('ERR_INVALID_ARGUMENT', `The instructions of the component cannot be counted: ${reason}`, {
    hint: 'Leave `maxInstructions` out of its policy; `cpuTimeLimitMs` bounds it as well.',
  });
}
