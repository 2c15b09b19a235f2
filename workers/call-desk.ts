import { Buffer } from 'node:buffer';
import { viewOf, type Wire, WireSink } from '../src/canonical-abi/runtime/calls/wire.ts';
import type { PluginInstance } from '../src/instance/plugin-instance.ts';
import type { LargeRequest } from '../src/pool/protocol.ts';
import type { PackedRequest, WorkerMailbox } from '../src/pool/worker-mailbox.ts';

/** Bytes of the memory in which a result is put together that the mailbox has no room for. */
const FIRST_BYTES = 64 * 1024;

/** Takes calls on bytes out of a mailbox, and puts their results there. It has one call at a time. */
export class CallDesk {
  readonly #mailbox: WorkerMailbox;
  readonly #packed: PackedRequest;
  readonly #inMailbox: { -readonly [Key in keyof Wire]: Wire[Key] };
  readonly #sink: WireSink;
  #large: WireSink | undefined;
  #number = 0;
  #wire: Wire;

  constructor(mailbox: WorkerMailbox) {
    this.#mailbox = mailbox;
    this.#packed = mailbox.locate(0);
    const { bytes } = this.#packed;
    this.#inMailbox = { bytes, view: viewOf(bytes), at: 0, shift: 0 };
    this.#wire = this.#inMailbox;
    this.#sink = new WireSink(bytes);
  }

  /** Finds the call of a slot; false when it calls no function. */
  locate(slot: number, large: LargeRequest | undefined): boolean {
    if (large !== undefined) {
      if (large.kind !== 'bytes') return false;
      const bytes = Buffer.from(large.bytes.buffer, large.bytes.byteOffset, large.bytes.byteLength);
      this.#number = large.number;
      this.#wire = { bytes, view: viewOf(bytes), at: 0, shift: -large.from };
      return true;
    }
    const number = this.#mailbox.called(slot);
    if (number === undefined) return false;
    const { inputAt, optionsAt } = this.#mailbox.locate(slot, this.#packed);
    this.#number = number;
    this.#wire = this.#inMailbox;
    this.#inMailbox.at = inputAt;
    this.#inMailbox.shift = inputAt - optionsAt;
    return true;
  }

  /** Runs it. Made once, as what is needed for every call. */
  readonly run = (instance: PluginInstance): WireSink => {
    const { from, end } = this.#mailbox.room;
    this.#sink.reset(from, end);
    // Large arguments, or a result that was not taken as its call failed, would stay until the next large call.
    const wire = this.#wire;
    this.#wire = this.#inMailbox;
    this.#large = undefined;
    return instance.callBytes(this.#number, wire, this.#sink, this.#largeSink);
  };

  /** Leaves the result in the mailbox; false when it had no room for it. */
  put(slot: number, sink: WireSink): boolean {
    if (sink !== this.#sink) return false;
    this.#mailbox.putValue(slot, sink.end);
    return true;
  }

  /** The result that has to be posted, once. */
  taken(): Uint8Array {
    const { bytes, end } = this.#large!;
    this.#large = undefined;
    return bytes.subarray(0, end);
  }

  readonly #largeSink = (): WireSink => {
    this.#large = new WireSink(Buffer.from(new ArrayBuffer(FIRST_BYTES)), (size) => Buffer.from(new ArrayBuffer(size)));
    return this.#large;
  };
}
