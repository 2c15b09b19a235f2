import type { CoreModule, CoreType } from './core-ast.ts';
import type { Span } from './reader.ts';

/*
 * The syntax tree of a component, after `design/mvp/Binary.md` of WebAssembly/component-model. Definitions stay in the
 * order of the file, because the index spaces of a component are filled in that order.
 */

export type PrimitiveType =
  | 'bool'
  | 's8'
  | 'u8'
  | 's16'
  | 'u16'
  | 's32'
  | 'u32'
  | 's64'
  | 'u64'
  | 'f32'
  | 'f64'
  | 'char'
  | 'string'
  | 'error-context';

/** `valtype`: a primitive type, or an index into the type index space. */
export type ValueTypeRef = PrimitiveType | number;

export interface LabelledRef {
  readonly name: string;
  readonly type: ValueTypeRef;
}

interface CaseRef {
  readonly name: string;
  readonly type: ValueTypeRef | undefined;
}

/** `defvaltype`. */
export type ValueTypeDefinition =
  | { readonly kind: 'primitive'; readonly type: PrimitiveType }
  | { readonly kind: 'record'; readonly fields: readonly LabelledRef[] }
  | { readonly kind: 'variant'; readonly cases: readonly CaseRef[] }
  | { readonly kind: 'list'; readonly element: ValueTypeRef; readonly length: number | undefined }
  | { readonly kind: 'map'; readonly key: ValueTypeRef; readonly value: ValueTypeRef }
  | { readonly kind: 'tuple'; readonly elements: readonly ValueTypeRef[] }
  | { readonly kind: 'flags'; readonly names: readonly string[] }
  | { readonly kind: 'enum'; readonly names: readonly string[] }
  | { readonly kind: 'option'; readonly some: ValueTypeRef }
  | { readonly kind: 'result'; readonly ok: ValueTypeRef | undefined; readonly error: ValueTypeRef | undefined }
  | { readonly kind: 'own' | 'borrow'; readonly resource: number }
  | { readonly kind: 'stream' | 'future'; readonly element: ValueTypeRef | undefined };

export interface FuncTypeDefinition {
  readonly kind: 'func';
  readonly async: boolean;
  readonly params: readonly LabelledRef[];
  readonly result: ValueTypeRef | undefined;
}

interface ResourceTypeDefinition {
  readonly kind: 'resource';
  /** The core value type of the representation; `i32` is the only one that is valid so far. */
  readonly rep: string;
  readonly destructor: number | undefined;
}

interface ComponentTypeDefinition {
  readonly kind: 'component';
  readonly declarations: readonly Declaration[];
}

interface InstanceTypeDefinition {
  readonly kind: 'instance';
  readonly declarations: readonly Declaration[];
}

/** `deftype`. */
export type TypeDefinition =
  | ValueTypeDefinition
  | FuncTypeDefinition
  | ResourceTypeDefinition
  | ComponentTypeDefinition
  | InstanceTypeDefinition;

/** `externtype`: what an import asks for, or what an export is declared to be. */
export type ExternTypeRef =
  | { readonly kind: 'module' | 'func' | 'component' | 'instance'; readonly type: number }
  | { readonly kind: 'type'; readonly bound: number | 'resource' }
  | { readonly kind: 'value'; readonly bound: number }
  | { readonly kind: 'value'; readonly type: ValueTypeRef };

/** The sorts that components import and export. */
export type Sort = ExternTypeRef['kind'];

/** The sorts that core instances export. */
export type CoreSort = 'func' | 'table' | 'memory' | 'global' | 'tag';

export interface SortIndex<S = Sort> {
  readonly sort: S;
  readonly index: number;
}

interface Named<T> {
  readonly name: string;
  readonly value: T;
}

interface At {
  /** The byte of the file where it begins. */
  readonly offset: number;
}

export type CoreInstance = At & { readonly kind: 'core-instance' } & (
    | {
        readonly how: 'instantiate';
        readonly module: number;
        /** Indices of core instances, by the module name of the imports that they satisfy. */
        readonly args: readonly Named<number>[];
      }
    | { readonly how: 'exports'; readonly exports: readonly Named<SortIndex<CoreSort>>[] }
  );

export type Instance = At & { readonly kind: 'instance' } & (
    | { readonly how: 'instantiate'; readonly component: number; readonly args: readonly Named<SortIndex>[] }
    | { readonly how: 'exports'; readonly exports: readonly Named<SortIndex>[] }
  );

export type Alias = At & { readonly kind: 'alias' } & (
    | { readonly target: 'export'; readonly sort: Sort; readonly instance: number; readonly name: string }
    | { readonly target: 'core-export'; readonly sort: CoreSort; readonly instance: number; readonly name: string }
    | {
        readonly target: 'outer';
        readonly sort: 'type' | 'component' | 'module' | 'core-type';
        /** How many scopes outward; 0 is the current one. */
        readonly count: number;
        readonly index: number;
      }
  );

/** `opts` of a canonical definition. */
export interface CanonOptions {
  /** @default 'utf8' */
  readonly stringEncoding: 'utf8' | 'utf16' | 'latin1+utf16';
  readonly memory: number | undefined;
  readonly realloc: number | undefined;
  readonly postReturn: number | undefined;
  readonly callback: number | undefined;
  readonly async: boolean;
  readonly gc: boolean;
}

/** An index, a flag, or a core value type. */
export type BuiltInOperand = number | boolean | string;

export type Canon = At & { readonly kind: 'canon' } & (
    | { readonly canon: 'lift'; readonly func: number; readonly type: number; readonly options: CanonOptions }
    | { readonly canon: 'lower'; readonly func: number; readonly options: CanonOptions }
    | { readonly canon: 'resource.new' | 'resource.drop' | 'resource.rep'; readonly resource: number }
    /** A built-in of async, threads or error contexts. */
    | {
        readonly canon: 'built-in';
        readonly name: string;
        /** Its immediates in order, but for the two that have properties of their own. */
        readonly operands: readonly BuiltInOperand[];
        /** The type that `task.return` is given; undefined also for none. */
        readonly result: ValueTypeRef | undefined;
        readonly options: CanonOptions | undefined;
      }
  );

export type Definition =
  | (At & { readonly kind: 'core-module'; readonly module: CoreModule })
  | CoreInstance
  | (At & { readonly kind: 'core-type'; readonly type: CoreType })
  | (At & { readonly kind: 'component'; readonly component: Component })
  | Instance
  | Alias
  | (At & { readonly kind: 'type'; readonly type: TypeDefinition })
  | Canon
  | (At & { readonly kind: 'start'; readonly func: number; readonly args: readonly number[]; readonly results: number })
  | (At & { readonly kind: 'import'; readonly name: string; readonly type: ExternTypeRef })
  | (At & {
      readonly kind: 'export';
      readonly name: string;
      readonly item: SortIndex;
      /** The type that the export is ascribed, if it is. */
      readonly type: ExternTypeRef | undefined;
    })
  | (At & { readonly kind: 'value'; readonly type: ValueTypeRef; readonly value: Span })
  | (At & { readonly kind: 'custom'; readonly name: string; readonly content: Span });

/** `componentdecl` and `instancedecl`. */
export type Declaration =
  | Extract<Definition, { kind: 'core-type' | 'type' | 'alias' | 'import' }>
  | (At & { readonly kind: 'export-declaration'; readonly name: string; readonly type: ExternTypeRef });

export interface Component {
  /** The whole component, preamble included. */
  readonly span: Span;
  /** Where its length is written; undefined for the outermost one. */
  readonly size: Span | undefined;
  readonly definitions: readonly Definition[];
}
