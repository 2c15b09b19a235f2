import { brokenAbi, GLUE_FILE } from '../canonical-abi/glue.ts';
import { Exception } from '../canonical-abi/runtime/exception.ts';
import { describe, PluginError, type TrapKind } from '../errors.ts';
import { Exit } from '../host/wasi/exit.ts';
import { demangle } from '../text/demangle.ts';
import { cleanLogLine } from '../text/log-line.ts';
import type { WasmFrame } from '../text/wasm-frame.ts';

/** What the classification needs to know about the instance in which a call ended. */
export interface FaultContext {
  /** The policy's limit. */
  readonly maxMemoryBytes: number;
  /** The stack of the thread: the policy's limit, rounded up. */
  readonly stackBytes: number;
  /** Whether the guest asked for memory in this call that only the policy keeps from it. */
  readonly memoryRefused: boolean;
  /** The last lines that the guest wrote to standard error in this call. */
  readonly lastWords: readonly string[];
  /** Finds the lines of source of frames. */
  readonly locate: (frames: readonly WasmFrame[]) => readonly WasmFrame[];
}

/** Frames of the guest that an error carries. */
const MAX_FRAMES = 32;
/** Stack frames to capture while a guest runs: the guest's, and those of the glue around them. */
export const CAPTURED_FRAMES: number = MAX_FRAMES + 16;

/** Has errors capture so many frames. `Reflect.set` would take ten times as long, twice for each call on the main thread. */
export function captureFrames(frames: number): void {
  try {
    Error.stackTraceLimit = frames;
  } catch {
    // The process runs with `--frozen-intrinsics`: then they capture what they do.
  }
}
/** A message of V8 or of the glue, of which a part may be the guest's. */
const MAX_MESSAGE = 500;

/**
 * The messages of V8 (`src/common/message-template.h`, `kTrap…`), those into which jco turns some of them
 * (`CORE_TRAP_MESSAGES`), and jco's own. V8 offers no other way to tell traps apart.
 */
const TRAPS: readonly (readonly [RegExp, TrapKind])[] = [
  [/\bunreachable\b/, 'unreachable'],
  [
    /memory access out of bounds|out of bounds memory access|data segment (\d+ )?(is )?out of bounds/,
    'out-of-bounds-memory',
  ],
  [
    /table index is out of bounds|out of bounds table access|table (initializer|access) .*out of bounds|element segment (\d+ )?(is )?out of bounds/,
    'out-of-bounds-table',
  ],
  [/divide by zero|remainder by zero/, 'integer-divide-by-zero'],
  [/divide result unrepresentable|integer overflow/, 'integer-overflow'],
  [/float unrepresentable in integer range|invalid conversion to integer/, 'invalid-conversion-to-integer'],
  [/function signature mismatch|indirect call type mismatch/, 'indirect-call-type-mismatch'],
  [/dereferencing a null pointer|null reference/, 'null-reference'],
  [/unaligned access/, 'unaligned-atomic'],
  [/cannot enter component instance/, 'cannot-enter'],
  // Where it would have come from one component into another.
  [/uncaught exception/, 'uncaught-exception'],
];

/**
 * Turns whatever ended a call into the guest into the error that the caller gets. A WIT `err` is no fault: the
 * instance takes it out before.
 */
export function toFault(thrown: unknown, context: FaultContext): PluginError {
  if (thrown instanceof PluginError) return thrown;
  if (thrown instanceof Exit) {
    // How programs end that check for a refusal: Go does with status 2.
    if (context.memoryRefused && thrown.status !== 0) return memoryLimit(thrown, context);
    return new PluginError('ERR_TRAP', `${thrown.message}${lastWords(context)}`, {
      trap: 'exit',
      hint: 'A plugin answers by returning; only a program exits.',
    });
  }
  if (thrown instanceof WebAssembly.RuntimeError) return trap(thrown, context);
  if (thrown instanceof Exception) return uncaught(thrown, context);
  if (thrown instanceof WebAssembly.LinkError) return linkError(thrown);
  if (thrown instanceof RangeError && /call stack/i.test(thrown.message)) return stackOverflow(thrown, context);
  if (thrown instanceof RangeError && /could not allocate|allocation failed|out of memory/i.test(thrown.message)) {
    return new PluginError('ERR_MEMORY_LIMIT', 'The process could not allocate memory for the plugin', {
      hint: 'Each live memory reserves gigabytes of address space: load fewer plugins, or use fewer threads.',
      cause: thrown,
    });
  }
  if (thrown instanceof TypeError && /^WebAssembly\.Instance\(\): Import /.test(thrown.message))
    return linkError(thrown);
  if (thrown instanceof Error && NOT_OFFERED.test(thrown.message)) return unknownImport(thrown);
  if (thrown instanceof Error && isThrownByGlue(thrown)) {
    return brokenAbi(clean(thrown.message), { backtrace: context.locate(backtrace(thrown)) });
  }
  return new PluginError('ERR_WORKER_CRASHED', `A host function failed: ${clean(describe(thrown))}`, {
    hint: 'This is a fault of the host, not of the plugin; please report it.',
    cause: thrown,
  });
}

/** The same fault as the reason why the plugin did not come up. */
export function toInitializeError(during: 'instantiation' | 'initialize', fault: PluginError): PluginError {
  // A plugin that does not fit together never gets as far as failing to start.
  if (fault.code === 'ERR_LINK' || fault.code === 'ERR_UNKNOWN_IMPORT') return fault;
  const { hint, trap, backtrace, limit } = fault;
  return new PluginError('ERR_INITIALIZE_FAILED', `The plugin failed during ${during}: ${fault.message}`, {
    hint,
    trap,
    backtrace,
    limit,
    cause: fault,
  });
}

/** An exception that the guest threw and did not catch. It has neither message nor stack. */
function uncaught(thrown: object, context: FaultContext): PluginError {
  if (context.memoryRefused) return memoryLimit(thrown, context);
  return new PluginError('ERR_TRAP', `The plugin trapped: uncaught exception${lastWords(context)}`, {
    trap: 'uncaught-exception',
    hint: 'The plugin threw an exception that nothing in it catches; its instance was dropped.',
  });
}

function trap(thrown: WebAssembly.RuntimeError, context: FaultContext): PluginError {
  // A guest that is refused memory aborts, or uses the null pointer that its allocator then returned: any trap will do.
  if (context.memoryRefused) return memoryLimit(thrown, context);
  const kind = TRAPS.find(([message]) => message.test(thrown.message))?.[1] ?? 'other';
  const message = thrown.message.replace(/^wasm trap: /, '');
  return new PluginError('ERR_TRAP', `The plugin trapped: ${clean(message)}${lastWords(context)}`, {
    trap: kind,
    backtrace: context.locate(backtrace(thrown)),
    hint: 'The plugin has a bug, or refuses this input in a way that ends it; its instance was dropped.',
  });
}

/** Why, in the guest's own words: a line that nobody can forge another one with (invariant 11). */
function lastWords({ lastWords: lines }: FaultContext): string {
  const said = lines.map((line) => line.trim()).filter((line) => line !== '');
  return said.length === 0 ? '' : `; it wrote: ${clean(said.join(' | '))}`;
}

function memoryLimit(thrown: object, context: FaultContext): PluginError {
  const value = context.maxMemoryBytes;
  return new PluginError('ERR_MEMORY_LIMIT', `The plugin needed more memory than its limit of ${value} bytes`, {
    hint: 'Raise `maxMemoryBytes` in the policy, or give the plugin smaller inputs.',
    limit: { name: 'maxMemoryBytes', value },
    backtrace: thrown instanceof Error ? context.locate(backtrace(thrown)) : undefined,
    cause: thrown,
  });
}

function stackOverflow(thrown: Error, context: FaultContext): PluginError {
  const value = context.stackBytes;
  return new PluginError('ERR_STACK_OVERFLOW', `The plugin used more stack than its limit of ${value} bytes`, {
    hint: 'Raise `maxStackBytes` in the policy, or let the plugin recurse less deeply.',
    limit: { name: 'maxStackBytes', value },
    backtrace: context.locate(backtrace(thrown)),
  });
}

function linkError(thrown: Error): PluginError {
  const why = thrown.message.replace(/^WebAssembly\.Instance\(\): /, '');
  return new PluginError('ERR_LINK', `The parts of the component do not fit together: ${clean(why)}`, {
    hint: 'A core module imports what no other part of the component provides; compose it again.',
  });
}

/** What the glue says when it instantiates and finds an interface or a function of it missing. */
const NOT_OFFERED = /^unexpectedly undefined instance import|^Cannot destructure property '\w+' of 'imports\b/;

function unknownImport(thrown: Error): PluginError {
  return new PluginError('ERR_UNKNOWN_IMPORT', `The component imports what the host lacks: ${clean(thrown.message)}`, {
    hint: 'Build the plugin against the interfaces of WASI that the host offers.',
  });
}

/** Characters of a name in a frame. */
const MAX_NAME = 200;

/** The guest's frames, innermost first. Names are the guest's: they are cleaned (invariant 11). */
function backtrace(thrown: Error): readonly WasmFrame[] {
  const frames: WasmFrame[] = [];
  for (const line of stackLines(thrown)) {
    const match = FRAME.exec(line);
    if (match === null) continue;
    const [, name, module = '', index, offset] = match;
    frames.push({
      ...(name !== undefined && { function: cleanName(demangle(withoutModule(name, module))) }),
      module: cleanName(module),
      index: Number(index),
      offset: Number(offset),
    });
    if (frames.length === MAX_FRAMES) break;
  }
  return frames;
}

/** `    at name (wasm://wasm/module-1a2b3c4d:wasm-function[7]:0x1a3)`, as V8 writes it. */
const FRAME = /^\s+at (?:(.*) \()?wasm:\/\/wasm\/(.*):wasm-function\[(\d{1,10})\]:(0x[0-9a-f]{1,8})\)?$/;

/** V8 puts the name of the module in front, if it has one. */
function withoutModule(name: string, module: string): string {
  const prefix = module.replace(/[0-9a-f]{8}$/, '').replace(/-$/, '.');
  return prefix !== '' && name.startsWith(prefix) ? name.slice(prefix.length) : name;
}

function cleanName(name: string): string {
  return cleanLogLine(name).slice(0, MAX_NAME);
}

/** Whether the innermost frame that belongs to a file is the glue's: then a lift or a lowering failed. */
function isThrownByGlue(thrown: Error): boolean {
  const frame = stackLines(thrown).find(
    (line) => /^\s+at .*:\d+:\d+\)?$/.test(line) && !line.includes('node:internal'),
  );
  return frame?.includes(GLUE_FILE) ?? false;
}

/** The lines of the stack without those of the message, which may repeat text of the guest's. */
function stackLines(thrown: Error): string[] {
  const { stack, name, message } = thrown;
  if (typeof stack !== 'string') return [];
  const header = `${name}: ${message}`;
  return (stack.startsWith(header) ? stack.slice(header.length) : stack).split('\n');
}

function clean(message: string): string {
  const line = cleanLogLine(message);
  return line.length > MAX_MESSAGE ? `${line.slice(0, MAX_MESSAGE)}…` : line;
}
