import type { Span } from './reader.ts';

/* What is read of core modules: enough to link them by name and to account for their memory. */

/** `limits`, of memories in pages of 64 KiB and of tables in entries. */
export interface Limits {
  readonly min: number;
  readonly max: number | undefined;
  readonly shared: boolean;
  /** Memory64 and table64: the address type is i64. */
  readonly wide: boolean;
  /** The base-2 logarithm of the page size, if the module declares its own (custom page sizes). */
  readonly pageSizeLog2: number | undefined;
}

export interface TableType {
  readonly element: string;
  readonly limits: Limits;
}

export type CoreExternType =
  | { readonly kind: 'func'; readonly type: number }
  | { readonly kind: 'table'; readonly table: TableType }
  | { readonly kind: 'memory'; readonly memory: Limits }
  | { readonly kind: 'global'; readonly type: string; readonly mutable: boolean }
  | { readonly kind: 'tag'; readonly type: number };

export interface CoreImport {
  readonly module: string;
  readonly name: string;
  readonly type: CoreExternType;
}

/** A memory that the module defines, and where its limits are written. */
export interface CoreMemory {
  readonly limits: Limits;
  readonly limitsSpan: Span;
}

/** A table that the module defines, and where its limits are written. */
export interface CoreTable extends TableType {
  readonly limitsSpan: Span;
}

export interface CoreExport {
  readonly name: string;
  readonly kind: CoreExternType['kind'];
  readonly index: number;
}

/** A section, and where its length is written. */
export interface SectionSpan {
  readonly size: Span;
  readonly content: Span;
}

/** `standard`: those of WebAssembly 3.0 (`try_table`); `legacy`: those that were before them. */
export type ExceptionKind = 'standard' | 'legacy';

export interface CoreModule {
  /** The whole module, preamble included. */
  readonly span: Span;
  /** Where its length is written in the component. */
  readonly size: Span;
  readonly imports: readonly CoreImport[];
  readonly exports: readonly CoreExport[];
  /** Memories that the module defines; imported ones come before them in the index space. */
  readonly memories: readonly CoreMemory[];
  readonly tables: readonly CoreTable[];
  /** By their ids; without the custom ones. */
  readonly sections: ReadonlyMap<number, SectionSpan>;
  /** Whether its code could grow a memory: whether the byte of `memory.grow` is anywhere in it. */
  readonly mayGrow: boolean;
  /** The index of the start function. */
  readonly start: number | undefined;
  /** Whether the type section declares structs, arrays or continuations, which live outside of linear memory. */
  readonly gc: boolean;
  /** How many exception tags it defines. */
  readonly tags: number;
  /** Whose instructions of exceptions are in its code, which is read when this is first asked for. */
  readonly exceptions: () => ReadonlySet<ExceptionKind>;
}

/** `core:moduletype`. */
export interface CoreModuleType {
  readonly kind: 'module';
  readonly imports: readonly CoreImport[];
  readonly exports: readonly { readonly name: string; readonly type: CoreExternType }[];
}

/** `core:deftype` as a component declares it: a module type, or a group of core types. */
export type CoreType = CoreModuleType | { readonly kind: 'rec'; readonly count: number; readonly gc: boolean };
