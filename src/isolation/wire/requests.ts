import type { Buffer } from 'node:buffer';
import type { FunctionCall, RequestOptions } from '../../contract/values.ts';
import type { Packer } from './packer.ts';
import { Unpacker } from './unpacker.ts';

/** A request on its way to the child. */
export interface PackedRequest {
  /** What it is called between the two processes. */
  readonly request: number;
  readonly lane: number;
  readonly input: string;
  readonly options: RequestOptions;
  readonly priority: number;
  /** The function to call instead of `process`. */
  readonly call: FunctionCall | undefined;
}

const HAS_PRIORITY = 1;
const HAS_OPTIONS = 2;
const IS_CALL = 4;
const HAS_INTERFACE = 8;
const RETURNS_RESULT = 16;

/** Appends a request to a frame of them. */
export function packRequest(out: Packer, { request, lane, input, options, priority, call }: PackedRequest): void {
  out.u32(request);
  out.u32(lane);
  out.u8(
    (priority === 0 ? 0 : HAS_PRIORITY) |
      (options.length === 0 ? 0 : HAS_OPTIONS) |
      (call === undefined ? 0 : IS_CALL) |
      (call?.interface === undefined ? 0 : HAS_INTERFACE) |
      (call?.returns === 'result' ? RETURNS_RESULT : 0),
  );
  if (priority !== 0) out.f64(priority);
  out.text(input);
  if (options.length > 0) {
    out.u32(options.length);
    for (const [key, value] of options) {
      out.text(key);
      out.text(value);
    }
  }
  if (call === undefined) return;
  if (call.interface !== undefined) out.text(call.interface);
  out.text(call.name);
  out.bytes(call.args);
}

const NO_OPTIONS: RequestOptions = Object.freeze([]);

/** The requests of a frame. */
export function* unpackRequests(body: Buffer): Generator<PackedRequest, void, undefined> {
  const from = new Unpacker(body);
  while (from.left > 0) {
    const request = from.u32();
    const lane = from.u32();
    const flags = from.u8();
    const priority = flags & HAS_PRIORITY ? from.f64() : 0;
    const input = from.text();
    const options = flags & HAS_OPTIONS ? unpackOptions(from) : NO_OPTIONS;
    const call = flags & IS_CALL ? unpackCall(from, flags) : undefined;
    yield { request, lane, input, options, priority, call };
  }
}

function unpackOptions(from: Unpacker): RequestOptions {
  return Array.from({ length: from.u32() }, () => [from.text(), from.text()] as const);
}

function unpackCall(from: Unpacker, flags: number): FunctionCall {
  const owner = flags & HAS_INTERFACE ? from.text() : undefined;
  const name = from.text();
  // Copied: it goes on into a worker, and the frame holds other requests.
  const args = Uint8Array.from(from.bytes());
  return { interface: owner, name, returns: flags & RETURNS_RESULT ? 'result' : 'value', args };
}
