/**
 * The world `plugin-world` of wit/plugin-system.wit for AssemblyScript: the canonical ABI on wasm32 with string-encoding
 * utf16. Its strings are UTF-16 already, so to lift or lower one is to copy its memory. What crosses the boundary lies
 * on the heap outside of the garbage collector: what the host passes in is copied and freed at once, what a function
 * answers with is freed in its post-return.
 *
 * The language cannot spell the names that a component's core module exports: `wasm-plugin-pool build` renames `api_*` and
 * `post_*`.
 */
import { getMetadata, initialize, process, shutdown } from './plugin';

export class Entry {
  constructor(
    public key: string,
    public value: string,
  ) {}
}

export class Metadata {
  constructor(
    public name: string,
    public version: string,
    public description: string,
  ) {}
}

/** What `process` answers: an output, or why there is none. */
export class Response {
  constructor(
    public output: string,
    public error: string | null = null,
  ) {}
}

/** The host allocates here what it passes in. */
export function cabi_realloc(old: usize, oldSize: usize, alignment: usize, size: usize): usize {
  if (size == 0) return alignment;
  return old == 0 ? heap.alloc(size) : heap.realloc(old, size);
}

/** What AssemblyScript calls when an assertion of its own fails; the message has nowhere to go. */
export function abort(_message: string | null, _file: string | null, _line: u32, _column: u32): void {
  unreachable();
}

// ---- The host's functions -------------------------------------------------------------------------------------------

// @ts-ignore: decorator
@external('toolsku:plugin-system/host-api@1.0.0', 'log-message')
declare function hostLogMessage(level: usize, levelLength: usize, text: usize, textLength: usize, answer: usize): void;
// @ts-ignore: decorator
@external('toolsku:plugin-system/host-api@1.0.0', 'get-config')
declare function hostGetConfig(key: usize, keyLength: usize, answer: usize): void;
// @ts-ignore: decorator
@external('toolsku:plugin-system/host-api@1.0.0', 'emit-event')
declare function hostEmitEvent(type: usize, typeLength: usize, payload: usize, payloadLength: usize, to: usize): void;

/** Twelve bytes for what the host answers: a discriminant and a string. */
const answer: usize = memory.data(12, 4);

/** The string in the host's answer, if it has one. */
function takeAnswer(): string | null {
  return load<u8>(answer) ? takeString(load<u32>(answer, 4), load<u32>(answer, 8)) : null;
}

/** Answers with the host's error, if it refused. */
export function logMessage(level: string, message: string): string | null {
  hostLogMessage(changetype<usize>(level), level.length, changetype<usize>(message), message.length, answer);
  return takeAnswer();
}

export function getConfig(key: string): string | null {
  hostGetConfig(changetype<usize>(key), key.length, answer);
  return takeAnswer();
}

/** Answers with the host's error, if it refused. */
export function emitEvent(type: string, payload: string): string | null {
  hostEmitEvent(changetype<usize>(type), type.length, changetype<usize>(payload), payload.length, answer);
  return takeAnswer();
}

// ---- The plugin's functions -----------------------------------------------------------------------------------------

/** What the current call answers with; a process-response and a plugin-metadata take 24 bytes, a result takes 12. */
const area: usize = memory.data(24, 4);

export function api_initialize(entries: usize, count: usize): usize {
  return lowerResult(initialize(takeEntries(entries, count)));
}

export function api_shutdown(): usize {
  return lowerResult(shutdown());
}

export function post_result(at: usize): void {
  if (load<u8>(at)) freeString(at + 4);
}

export function api_process(input: usize, inputLength: usize, options: usize, optionCount: usize): usize {
  const response = process(takeString(input, inputLength), takeEntries(options, optionCount));
  lowerString(area, response.output);
  store<u8>(area, u8(response.error === null), 8);
  lowerOption(area + 12, response.error);
  return area;
}

export function post_process(at: usize): void {
  freeString(at);
  if (load<u8>(at, 12)) freeString(at + 16);
}

export function api_metadata(): usize {
  const metadata = getMetadata();
  lowerString(area, metadata.name);
  lowerString(area + 8, metadata.version);
  lowerString(area + 16, metadata.description);
  return area;
}

export function post_metadata(at: usize): void {
  freeString(at);
  freeString(at + 8);
  freeString(at + 16);
}

// ---- Lifting and lowering -------------------------------------------------------------------------------------------

function takeString(pointer: usize, length: usize): string {
  const text = changetype<string>(__new(length << 1, idof<string>()));
  memory.copy(changetype<usize>(text), pointer, length << 1);
  if (length > 0) heap.free(pointer);
  return text;
}

function takeEntries(pointer: usize, count: usize): Array<Entry> {
  const entries: Entry[] = [];
  for (let i: usize = 0; i < count; i++) {
    const at = pointer + i * 16;
    const key = takeString(load<u32>(at), load<u32>(at, 4));
    entries.push(new Entry(key, takeString(load<u32>(at, 8), load<u32>(at, 12))));
  }
  if (count > 0) heap.free(pointer);
  return entries;
}

function lowerString(at: usize, text: string): void {
  const size = <usize>text.length << 1;
  // No bytes need no block, but a pointer has to be aligned all the same.
  const pointer = size > 0 ? heap.alloc(size) : 2;
  memory.copy(pointer, changetype<usize>(text), size);
  store<u32>(at, <u32>pointer);
  store<u32>(at, <u32>text.length, 4);
}

function freeString(at: usize): void {
  if (load<u32>(at, 4) > 0) heap.free(load<u32>(at));
}

function lowerOption(at: usize, text: string | null): void {
  store<u8>(at, u8(text !== null));
  if (text !== null) lowerString(at + 4, text);
}

/** `result<_, string>` has the layout of `option<string>`, with the error as the string. */
function lowerResult(error: string | null): usize {
  lowerOption(area, error);
  return area;
}
