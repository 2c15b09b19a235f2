/**
 * A call of a WebAssembly function on the stack when an error was thrown. Names are the plugin's, cleaned.
 *
 * @example
 * const inFile = ({ file, line }: WasmFrame) => `${file}:${line}`;
 * const show = (error: PluginError) => console.error(error.backtrace?.map(inFile).join('\n'));
 */
export interface WasmFrame {
  /** What the function is called in the name section; undefined when that does not say. */
  readonly function?: string;
  /** The core module as V8 calls it: its name, if it has one, and a hash. */
  readonly module: string;
  /** The index of the function in its core module. */
  readonly index: number;
  /** The offset of the instruction, in bytes from the start of the core module as it runs. */
  readonly offset: number;
  /** The source file; with `line` and `column` where the component has DWARF line tables. */
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  /** From 1; undefined when it is not known. */
  readonly column?: number;
}

/**
 * `parse (src/parse.c:12:7)`, or `parse (wasm-function[7]:0x1a3)` when there is no debug information.
 *
 * @example
 * const show = (error: PluginError) => console.error(error.backtrace?.map(formatFrame).join('\n'));
 */
export function formatFrame({ function: name, index, offset, file, line, column }: WasmFrame): string {
  const place =
    file === undefined
      ? `wasm-function[${index}]:0x${offset.toString(16)}`
      : `${file}:${line}${column === undefined ? '' : `:${column}`}`;
  return name === undefined ? place : `${name} (${place})`;
}
