import type { WireError } from '../errors.ts';
import type { Compilation, CompileOptions } from './compile-component.ts';

/** A task for the compile worker. */
export interface CompileTask {
  /** All of a buffer of their own. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly options: CompileOptions;
}

/** How it ended. `panicked`: the tools failed in a way after which the thread must not be used again. */
export type CompileReply =
  | { readonly kind: 'compiled'; readonly component: Compilation }
  | { readonly kind: 'refused' | 'panicked'; readonly error: WireError };
