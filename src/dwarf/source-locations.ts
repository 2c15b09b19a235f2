import { normalize } from 'node:path/posix';
import { performance } from 'node:perf_hooks';
import { CODE_MAP_SECTION, type CodeChange, originalOffset, readCodeChanges } from '../component/code-map.ts';
import { parseCoreModule } from '../component/core-module.ts';
import { Reader, type Span } from '../component/reader.ts';
import { PluginError } from '../errors.ts';
import { cleanLogLine } from '../text/log-line.ts';
import type { WasmFrame } from '../text/wasm-frame.ts';
import { LineTable } from './line-table.ts';

/** The id of the code section. */
const CODE = 10;
/** Characters of a path in a frame. */
const MAX_PATH = 300;

/**
 * Milliseconds of the main thread that the errors of one version may take: so many at once, and then this share of the
 * time that passes. Without a bound, a plugin with debug information of its own making could hold up the main thread
 * by trapping.
 */
const BURST_MS = 200;
const SHARE = 0.01;

/** Where the functions of a core module are, and which lines its code came from. */
interface ModuleCode {
  /** Functions before the first one that has code. */
  readonly imported: number;
  /** The contents of the code section. */
  readonly code: Span;
  /** Where the code of each function begins; ascending, with the end of the last one at the end. */
  readonly functions: Uint32Array;
  readonly changes: readonly CodeChange[];
  readonly lines: LineTable;
}

/** Finds file and line for the frames of errors of one version of a plugin. Debug information is read when first needed. */
export class SourceLocations {
  readonly #modules: readonly Uint8Array[];
  readonly #createdAt = performance.now();
  #spent = 0;
  #read: readonly ModuleCode[] | undefined;

  /** @param modules The core modules as they run. */
  constructor(modules: readonly Uint8Array[]) {
    this.#modules = modules;
  }

  /** The frames with `file`, `line` and `column` where the debug information of their core module says them. */
  locate(frames: readonly WasmFrame[]): readonly WasmFrame[] {
    const start = performance.now();
    if (frames.length === 0 || this.#spent > BURST_MS + (start - this.#createdAt) * SHARE) return frames;
    this.#read ??= this.#modules.filter(hasLines).flatMap(readModule);
    const located = this.#read.length === 0 ? frames : frames.map((frame) => this.#locate(frame, frames));
    this.#spent += performance.now() - start;
    return located;
  }

  #locate(frame: WasmFrame, frames: readonly WasmFrame[]): WasmFrame {
    // V8 names modules by a hash that nobody else knows. The frames tell them apart: all of one module must fit into it.
    const siblings = frames.filter(({ module }) => module === frame.module);
    const fitting = this.#read!.filter((module) => siblings.every((sibling) => fits(sibling, module)));
    const [module] = fitting;
    if (module === undefined || fitting.length > 1) return frame;
    const place = module.lines.find(originalOffset(frame.offset - module.code.start, module.changes));
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

function hasLines(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes('.debug_line');
}

/** Nothing for a module without lines. V8 has compiled it, so that only its custom sections can be malformed. */
function readModule(bytes: Uint8Array): ModuleCode[] {
  const whole = { start: 0, end: bytes.length };
  try {
    const { imports, sections } = parseCoreModule(bytes, whole, { start: 0, end: 0 });
    const code = sections.get(CODE)?.content;
    const custom = customSections(bytes);
    const line = custom.get('.debug_line');
    if (code === undefined || line === undefined) return [];
    const imported = imports.filter(({ type }) => type.kind === 'func').length;
    const changes = custom.get(CODE_MAP_SECTION);
    return [
      {
        imported,
        code,
        functions: functionStarts(new Reader(bytes, code)),
        changes: changes === undefined ? [] : readCodeChanges(changes),
        lines: new LineTable({
          line,
          lineStrings: custom.get('.debug_line_str'),
          strings: custom.get('.debug_str'),
        }),
      },
    ];
  } catch (error) {
    if (error instanceof PluginError) return [];
    throw error;
  }
}

/** By name; of those with the same name the last, which is ours if the plugin has brought a code map of its own. */
function customSections(bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  const reader = new Reader(bytes);
  reader.take(8, 'the preamble of a module');
  while (!reader.done) {
    const id = reader.u8();
    const content = reader.take(reader.u32(), 'a section');
    if (id !== 0) continue;
    const section = new Reader(bytes, content);
    const name = section.name();
    found.set(name, bytes.subarray(section.position, content.end));
  }
  return found;
}

function functionStarts(code: Reader): Uint32Array {
  const starts = code.vec('functions', () => {
    const start = code.position;
    code.take(code.u32(), 'a function');
    return start;
  });
  return Uint32Array.from([...starts, code.end]);
}
