import { normalize } from 'node:path/posix';
import { performance } from 'node:perf_hooks';
import { CODE_INDEX_SECTION, type CodeIndex, readCodeIndex } from '../component/code-index.ts';
import { CODE_MAP_SECTION, type CodeChange, originalOffset, readCodeChanges } from '../component/code-map.ts';
import { PluginError } from '../errors.ts';
import { cleanLogLine } from '../text/log-line.ts';
import type { WasmFrame } from '../text/wasm-frame.ts';
import { LineTable } from './line-table.ts';

/** Characters of a path in a frame. */
const MAX_PATH = 300;
/** Milliseconds that reading all modules may take; what is not read by then has no lines. */
const MAX_MS = 250;

/** The code of a core module, and which lines it came from. */
interface ModuleCode extends CodeIndex {
  /** How the code was changed, each time; the last first. */
  readonly changes: readonly (readonly CodeChange[])[];
  readonly lines: LineTable;
}

/**
 * Finds file and line for the frames of errors of one version of a plugin. Debug information is read when first needed,
 * by the thread that the plugin runs on, and in the plugin's time: reading it anywhere else would let a plugin take that
 * of others by trapping.
 */
export class SourceLocations {
  readonly #modules: Iterable<WebAssembly.Module>;
  readonly #maxMs: number;
  #read: readonly ModuleCode[] | undefined;

  /**
   * @param modules The core modules as they run.
   * @param cpuTimeLimitMs CPU time that the plugin has for a call, of which reading takes a quarter at the most.
   */
  constructor(modules: Iterable<WebAssembly.Module>, cpuTimeLimitMs: number) {
    this.#modules = modules;
    this.#maxMs = Math.min(MAX_MS, cpuTimeLimitMs / 4);
  }

  /** The frames with `file`, `line` and `column` where the debug information of their core module says them. */
  locate(frames: readonly WasmFrame[]): readonly WasmFrame[] {
    if (frames.length === 0) return frames;
    this.#read ??= this.#readModules();
    return this.#read.length === 0 ? frames : frames.map((frame) => this.#locate(frame, frames));
  }

  #readModules(): readonly ModuleCode[] {
    const until = performance.now() + this.#maxMs;
    const read: ModuleCode[] = [];
    for (const module of this.#modules) {
      if (performance.now() >= until) break;
      const code = readModule(module, until);
      if (code !== undefined) read.push(code);
    }
    return read;
  }

  #locate(frame: WasmFrame, frames: readonly WasmFrame[]): WasmFrame {
    // V8 names modules by a hash that nobody else knows. The frames tell them apart: all of one module must fit into it.
    const siblings = frames.filter(({ module }) => module === frame.module);
    const fitting = this.#read!.filter((module) => siblings.every((sibling) => fits(sibling, module)));
    const [module] = fitting;
    if (module === undefined || fitting.length > 1) return frame;
    const place = module.lines.find(module.changes.reduce(originalOffset, frame.offset - module.start));
    if (place === undefined) return frame;
    const { line, column } = place;
    const file = cleanLogLine(normalize(place.file)).slice(0, MAX_PATH);
    return { ...frame, file, line, ...(column !== 0 && { column }) };
  }
}

/** Whether an instruction lies in the function that the frame names. */
function fits({ index, offset }: WasmFrame, { imported, functions }: ModuleCode): boolean {
  const place = index - imported;
  const from = functions[place];
  const to = functions[place + 1];
  return from !== undefined && to !== undefined && offset >= from && offset < to;
}

/** Undefined for a module without lines. What is malformed, of what the plugin brought, has none. */
function readModule(module: WebAssembly.Module, until: number): ModuleCode | undefined {
  // The last of a name, which is ours if the plugin has brought one of its own.
  const section = (name: string): ArrayBuffer | undefined => WebAssembly.Module.customSections(module, name).at(-1);
  const index = section(CODE_INDEX_SECTION);
  const code = index === undefined ? undefined : readCodeIndex(index);
  const line = section('.debug_line');
  if (code === undefined || line === undefined) return undefined;
  const bytesOf = (name: string): Uint8Array | undefined => {
    const found = section(name);
    return found === undefined ? undefined : new Uint8Array(found);
  };
  try {
    const changes = WebAssembly.Module.customSections(module, CODE_MAP_SECTION);
    const lines = {
      line: new Uint8Array(line),
      lineStrings: bytesOf('.debug_line_str'),
      strings: bytesOf('.debug_str'),
    };
    return {
      ...code,
      changes: changes.map((change) => readCodeChanges(new Uint8Array(change))).reverse(),
      lines: new LineTable(lines, until),
    };
  } catch (error) {
    if (error instanceof PluginError) return undefined;
    throw error;
  }
}
