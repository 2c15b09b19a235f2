import { component } from '../support/wat.ts';

/** How a test's component differs from the smallest plugin that there is. */
export interface SmallPlugin {
  /** More definitions of its core module. */
  readonly core?: string;
  /** More definitions of the component, after the plugin's own. */
  readonly more?: string;
  /** Options of the canonical definition of `process`. */
  readonly options?: string;
}

/** A component of the world `plugin-v1`, written out; its `process` returns the empty string. */
export function smallPlugin({ core = '', more = '', options = '' }: SmallPlugin = {}): Promise<Uint8Array> {
  return component(`(component
    (core module $main
      (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
      (func (export "process") (param i32 i32) (result i32) (i32.const 512))
      ${core})
    (core instance $i (instantiate $main))
    (alias core export $i "memory" (core memory $memory))
    (alias core export $i "realloc" (core func $realloc))
    (alias core export $i "process" (core func $core-process))
    (func $process (param "input" string) (result string)
      (canon lift (core func $core-process) ${options} (memory $memory) (realloc $realloc)))
    (instance $api (export "process" (func $process)))
    (export "toolsku:plugin-system/plugin-api-v1@1.0.0" (instance $api))
    ${more})`);
}

/** A valid component on which jco 1.35 panics. It knows no strings that may be Latin-1. */
export function panickingPlugin(): Promise<Uint8Array> {
  return smallPlugin({ options: 'string-encoding=latin1+utf16' });
}
