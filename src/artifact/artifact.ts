import { setImmediate } from 'node:timers/promises';
import type { BindingPlan, TypeNode } from '../canonical-abi/plan/plan.ts';
import type { Footprint } from '../component/cost/footprint.ts';
import type { Feature } from '../component/features.ts';
import type { ContractMatch } from '../contract/match.ts';
import { describe, PluginError } from '../errors.ts';
import type { CompiledModule } from './compiled-module.ts';
import { processBooks } from './process-books.ts';

/** A core module of the component. */
export interface CoreModuleBytes {
  /** By which the glue asks for it; the direct binding goes by the order. */
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A linear memory that a core module of the component defines. */
export interface MemorySummary {
  /** The place of the module among the core modules of the file. */
  readonly module: number;
  /** How many instances of the module, and so of the memory, one instance of the component makes. */
  readonly instances: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  /** Whose maximum it is: the module's, which declares it or never grows the memory, or the policy's lower one. */
  readonly bound: 'module' | 'policy';
}

/** One argument of a function. */
interface Parameter {
  readonly name: string;
  /** An index into {@link ArtifactSummary.types}; undefined where it cannot be passed from outside. */
  readonly type?: number;
}

/** A function that a component exports. */
export interface CallableFunction {
  /** `namespace:package/interface@1.0.0#function`. */
  readonly path: string;
  /** Undefined when it is in no interface. */
  readonly interface?: string;
  readonly name: string;
  /** What it takes, in order. */
  readonly params: readonly Parameter[];
  /** An index into {@link ArtifactSummary.types}; undefined for one that returns nothing, or whose types are not known. */
  readonly result?: number;
  /** Whether it returns a `result`, whose `err` is a value of its own. */
  readonly returns: 'value' | 'result';
  /** Why it cannot be called from outside of its thread; undefined when it can. */
  readonly obstacle?: string;
}

/** What `inspect` shows of a component. */
export interface ArtifactSummary {
  /** Bytes of the component as it came. */
  readonly bytes: number;
  /** Names of what the component imports and exports, in its own order. */
  readonly imports: readonly string[];
  readonly exports: readonly string[];
  /** The functions that it exports, for calls by their own names. */
  readonly functions: readonly CallableFunction[];
  /** The types of what they pass. */
  readonly types: readonly TypeNode[];
  /** The linear memories that its core modules define. */
  readonly memories: readonly MemorySummary[];
  /** The most bytes that memories and tables of one instance can take together. */
  readonly maxBytes: number;
  /** What it uses beyond synchronous components of WebAssembly 2.0. */
  readonly features: readonly Feature[];
}

/** How many memories one instance has, over all its core instances. */
export function memoriesOf({ memories }: Pick<ArtifactSummary, 'memories'>): number {
  return memories.reduce((count, { instances }) => count + instances, 0);
}

/** What lifts and lowers between the host and a component, and links its core modules. */
export type ComponentBinding =
  /** The engine's own; for `LinkedComponent` in `src/canonical-abi/runtime/`. */
  | { readonly kind: 'direct'; readonly plan: BindingPlan }
  /** The JavaScript that jco generated; for `compileGlue` in `src/canonical-abi/glue.ts`. */
  | {
      readonly kind: 'glue';
      readonly glue: string;
      /** Why it is not the direct one: what the component does, to follow "because". */
      readonly reason: string;
    };

/** What compiling makes of the bytes of a component; see {@link Artifact}. */
export interface CompiledComponent {
  readonly contract: ContractMatch;
  readonly summary: ArtifactSummary;
  readonly binding: ComponentBinding;
  /**
   * Core modules whose memories and tables are capped: with the direct binding those of the component, in the order of
   * the file; else those that the glue asks for, some of which are of jco's own making.
   */
  readonly modules: readonly CoreModuleBytes[];
  /** What compiling it takes of the process. */
  readonly footprint: Footprint;
}

/** A component in the form that workers instantiate. It depends on the bytes and the options, and on nothing else. */
export interface Artifact extends CompiledComponent {
  /** SHA-256 of the component in hexadecimal. */
  readonly sha256: string;
  /** Names the artifact among all that could be made of all components: hash, options and versions of the tools. */
  readonly key: string;
}

/** V8 copies the bytes of a module before it goes on elsewhere: of many modules not all in one piece of work. */
const COPIED_AT_ONCE = 4 * 1024 * 1024;

/**
 * Compiles the core modules, on V8's background threads (invariant 5).
 *
 * @throws {PluginError} `ERR_INVALID_COMPONENT` when V8 refuses one, for instance for a proposal that it lacks;
 * `ERR_COMPONENT_TOO_COMPLEX` when the process has no room for it.
 */
export async function compileModules(artifact: Artifact): Promise<ReadonlyMap<string, CompiledModule>> {
  const booked = processBooks.book(artifact.footprint);
  const compiling: ReturnType<typeof compileModule>[] = [];
  let copied = 0;
  for (const module of artifact.modules) {
    // A large one has a turn of its own: it may have come from another thread in this one.
    if (copied + module.bytes.length > COPIED_AT_ONCE) {
      await setImmediate();
      copied = 0;
    }
    const compiled = compileModule(module);
    // One that fails meanwhile is told of when all have begun.
    compiled.catch(() => {});
    compiling.push(compiled);
    copied += module.bytes.length;
  }
  try {
    const modules = new Map(await Promise.all(compiling));
    booked.releaseWith(modules);
    return modules;
  } catch (error) {
    booked.release();
    throw error;
  }
}

async function compileModule({ name, bytes }: CoreModuleBytes): Promise<readonly [string, WebAssembly.Module]> {
  try {
    return [name, await WebAssembly.compile(bytes)];
  } catch (error) {
    throw new PluginError('ERR_INVALID_COMPONENT', `A core module does not compile: ${describe(error)}`, {
      hint: 'Compile the plugin for WebAssembly 2.0, without proposals that are not finished.',
      cause: error,
    });
  }
}
