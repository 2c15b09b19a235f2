import type { PrimitiveType } from '../../component/ast.ts';

/*
 * What it takes to instantiate a component: everything that can be known without running it. A plan is plain data that
 * survives JSON and structured clone. It refers to runtime state by index: each initializer appends to one index space,
 * so that instantiation is a straight walk (as wasmtime's `GlobalInitializer` has it).
 */

/** An index into {@link BindingPlan.types}. */
export type TypeIndex = number;

/** A value type (`defvaltype`). Parts come before what they are part of, and equal types have the same index. */
export type TypeNode =
  | { readonly kind: Exclude<PrimitiveType, 'error-context'> }
  | { readonly kind: 'record'; readonly fields: readonly LabelledIndex[] }
  | { readonly kind: 'variant'; readonly cases: readonly CaseIndex[] }
  | { readonly kind: 'list'; readonly element: TypeIndex; readonly length?: number }
  | { readonly kind: 'tuple'; readonly elements: readonly TypeIndex[] }
  | { readonly kind: 'flags' | 'enum'; readonly names: readonly string[] }
  | { readonly kind: 'option'; readonly some: TypeIndex }
  | { readonly kind: 'result'; readonly ok?: TypeIndex; readonly error?: TypeIndex }
  | { readonly kind: 'own' | 'borrow'; readonly resource: number }
  | { readonly kind: 'stream' | 'future'; readonly element?: TypeIndex };

interface LabelledIndex {
  readonly name: string;
  readonly type: TypeIndex;
}

interface CaseIndex {
  readonly name: string;
  readonly type?: TypeIndex;
}

/** The type of a component function. */
export interface Signature {
  /** Whether it may return to its caller before it is done. */
  readonly async?: true;
  readonly params: readonly TypeIndex[];
  readonly result?: TypeIndex;
}

/** A core definition: an export of a core instance, or a core function that a canonical definition made. */
export type CoreRef =
  | { readonly instance: number; readonly name: string }
  /** An index into the core functions. */
  | { readonly func: number };

/** Where the host finds what a component imports: the name of the import, then names within instances. */
export type ImportPath = readonly string[];

/** A function of a component that was made by `canon lift`. */
export interface Lift {
  readonly func: CoreRef;
  /** An index into {@link BindingPlan.signatures}. */
  readonly signature: number;
  /** An index into the contexts. */
  readonly context: number;
  readonly postReturn?: CoreRef;
  /** Whether the function says by `task.return` what it returns, and not by returning. */
  readonly async?: true;
  /** What is called for each event; without one the function waits for them itself. */
  readonly callback?: CoreRef;
  /** The component instances that a call enters: `entering_set` of the specification, for this caller. */
  readonly entering: readonly number[];
}

/**
 * The module name under which a core module imports the memories that it defined, and the name of the first of these
 * imports. They have spaces, so that no import of a plugin can have them: `assertPlainNames` refuses those.
 */
export const MEMORY_IMPORT = 'wasm-plugin-pool: own memory';

/** @param place Of a memory among those that the module defined. */
export function memoryImport(place: number): string {
  return place === 0 ? MEMORY_IMPORT : `${MEMORY_IMPORT} ${place}`;
}

/** A memory that instances of a core module have one after the other, in pages of 64 KiB; see `lentMemories`. */
export interface LentMemory {
  readonly initial: number;
  readonly maximum?: number;
}

/** One step of instantiation. The comment says to which index space it appends. */
export type Initializer =
  /** Core instances. The arguments are core instances, by the module name of the imports that they satisfy. */
  | {
      readonly kind: 'instantiate';
      /** The place of the module among the core modules of the file. */
      readonly module: number;
      readonly args: readonly { readonly name: string; readonly instance: number }[];
      /** The memories that it imports in place of its own. */
      readonly memories?: readonly LentMemory[];
    }
  /** Core instances: one that is put together from exports of others. */
  | { readonly kind: 'bundle'; readonly exports: readonly { readonly name: string; readonly ref: CoreRef }[] }
  /** Memories. */
  | { readonly kind: 'memory'; readonly ref: CoreRef }
  /** Contexts: canonical options, and the component instance to which they belong. */
  | {
      readonly kind: 'context';
      readonly instance: number;
      readonly encoding: StringEncoding;
      readonly memory?: number;
      readonly realloc?: CoreRef;
    }
  /** Resource types: one that a component instance defines. */
  | { readonly kind: 'resource'; readonly instance: number; readonly destructor?: CoreRef }
  /** Resource types: one that the host defines. */
  | { readonly kind: 'host-resource'; readonly path: ImportPath }
  /** Core functions: `canon lower` of a function of the host. */
  | {
      readonly kind: 'lower';
      readonly path: ImportPath;
      readonly signature: number;
      readonly context: number;
      readonly async?: true;
    }
  /** Core functions: `canon lower` of a function of another component instance. */
  | { readonly kind: 'adapt'; readonly lift: Lift; readonly context: number; readonly async?: true }
  /** Core functions. */
  | {
      readonly kind: 'resource.new' | 'resource.rep' | 'resource.drop';
      readonly resource: number;
      readonly instance: number;
      /** The component instances that a call of the destructor enters. */
      readonly entering: readonly number[];
    }
  /** Core functions: a built-in of the component instance. */
  | ({ readonly kind: 'built-in'; readonly instance: number } & BuiltIn);

/** Those that do the same whether the calls of a component may wait for each other or not. */
export type CommonBuiltIn =
  | { readonly name: 'context.get' | 'context.set'; readonly slot: number }
  | { readonly name: 'backpressure.dec' | 'backpressure.inc' };

/** A built-in of async. */
export type BuiltIn =
  | CommonBuiltIn
  | {
      readonly name: 'waitable-set.wait' | 'waitable-set.poll';
      readonly memory: number;
      readonly cancellable: boolean;
    }
  | { readonly name: 'thread.yield'; readonly cancellable: boolean }
  | { readonly name: 'subtask.cancel'; readonly async: boolean }
  | {
      readonly name: 'subtask.drop' | 'task.cancel' | 'waitable-set.drop' | 'waitable-set.new' | 'waitable.join';
    }
  | { readonly name: 'task.return'; readonly result?: TypeIndex; readonly context: number }
  | CopyBuiltIn;

/** A built-in of streams or futures; `type` is that of the stream or future. */
export type CopyBuiltIn =
  | {
      readonly name: 'stream.new' | 'future.new' | `${'stream' | 'future'}.drop-${'readable' | 'writable'}`;
      readonly type: TypeIndex;
    }
  | {
      readonly name: `${'stream' | 'future'}.${'read' | 'write'}`;
      readonly type: TypeIndex;
      readonly context: number;
      readonly async: boolean;
    }
  | {
      readonly name: `${'stream' | 'future'}.cancel-${'read' | 'write'}`;
      readonly type: TypeIndex;
      readonly async: boolean;
    };

export type StringEncoding = 'utf8' | 'utf16' | 'latin1+utf16';

/** What a component exports, of what exists at run time. */
export type ExportItem =
  | { readonly name: string; readonly kind: 'func'; readonly lift: Lift }
  /** A function of the host that is exported as it was imported. */
  | { readonly name: string; readonly kind: 'host-func'; readonly path: ImportPath }
  | {
      readonly name: string;
      readonly kind: 'resource';
      readonly resource: number;
      readonly entering: readonly number[];
    }
  | { readonly name: string; readonly kind: 'instance'; readonly exports: readonly ExportItem[] };

export interface BindingPlan {
  readonly types: readonly TypeNode[];
  readonly signatures: readonly Signature[];
  /** How many component instances there are; 0 is the component itself. */
  readonly instances: number;
  readonly initializers: readonly Initializer[];
  readonly exports: readonly ExportItem[];
  /**
   * Each component instance with those that made it (`self_and_ancestors`), where calls may wait for each other: where
   * there are functions, streams or futures of async.
   */
  readonly lineages?: readonly (readonly number[])[];
  /** The imports of which functions take or return streams or futures. */
  readonly copyEndImports?: readonly string[];
  readonly irreversible?: string;
}

/** Which runtime runs a component, and why. */
export type Binding =
  | { readonly kind: 'direct'; readonly plan: BindingPlan }
  /** What it needs that the direct binding does not do, in words. jco's glue may be able to. */
  | { readonly kind: 'unsupported'; readonly reason: string };
