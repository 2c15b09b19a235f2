import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { nextTick } from '../../clock/of-node.ts';
import { Packer } from './packer.ts';
import { ProtocolError } from './unpacker.ts';

/** A frame is its length, a little-endian u32, what kind it is, one byte, and so many bytes less one. */
const LENGTH_BYTES = 4;

/** What a channel does with what comes in. */
export interface ChannelListener {
  /** A whole frame. What it throws ends the channel. */
  readonly onFrame: (kind: number, body: Buffer) => void;
  /** There is room again after {@link Channel.isFull}. */
  readonly onDrain: () => void;
  /** Nothing more will come; the error that ended it, if one did. */
  readonly onEnd: (error: unknown) => void;
}

/** Bytes that wait to be written beyond which the other side is too slow to be given more. */
const FULL_BYTES = 4 * 1024 * 1024;

/** Bytes of a frame to which nothing more is appended. */
const FRAME_BYTES = 256 * 1024;

/** Frames over a stream, in both directions. What is written in one turn of the event loop is one write. */
export class Channel {
  readonly #socket: Socket;
  readonly #listener: ChannelListener;
  readonly #maxFrameBytes: () => number;
  readonly #out = new Packer();
  #flush: 'none' | 'scheduled' = 'none';
  /** The frame that more may be appended to. */
  #open: { readonly kind: number; readonly start: number } | undefined;
  #state: 'open' | 'ended' = 'open';
  /** What has come of a frame that is not whole. */
  #chunks: Buffer[] = [];
  #held = 0;
  #needed = LENGTH_BYTES;

  /** @param maxFrameBytes What the other side may send at a time: it is held in memory until it is whole. */
  constructor(socket: Socket, maxFrameBytes: () => number, listener: ChannelListener) {
    this.#socket = socket;
    this.#maxFrameBytes = maxFrameBytes;
    this.#listener = listener;
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('drain', () => listener.onDrain());
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => this.#end(undefined));
    socket.on('end', () => this.#end(undefined));
  }

  /** Whether the other side does not keep up. */
  get isFull(): boolean {
    return this.#socket.writableLength > FULL_BYTES;
  }

  /** Writes a frame at the end of this turn of the event loop, with the others of the turn. */
  write(kind: number, pack: (packer: Packer) => void): void {
    this.#open = undefined;
    this.append(kind, pack);
    this.#open = undefined;
  }

  /** The same, in one frame with what was appended just before, if that is of the same kind. */
  append(kind: number, pack: (packer: Packer) => void): void {
    if (this.#state === 'ended') return;
    const out = this.#out;
    const before = out.length;
    let frame = this.#open;
    if (frame?.kind !== kind || before - frame.start > FRAME_BYTES) {
      frame = { kind, start: before };
      out.u32(0);
      out.u8(kind);
    }
    try {
      pack(out);
    } catch (error) {
      out.rewind(before);
      throw error;
    }
    this.#open = frame;
    out.patch(frame.start, out.length - frame.start - LENGTH_BYTES);
    if (this.#flush === 'scheduled') return;
    this.#flush = 'scheduled';
    nextTick(this.#write);
  }

  readonly #write = (): void => {
    this.#flush = 'none';
    this.#open = undefined;
    const bytes = this.#out.take();
    if (this.#state === 'open') this.#socket.write(bytes);
  };

  /** Writes what there is to write, and ends this side. */
  finish(): void {
    this.#write();
    this.#socket.end();
  }

  /** Keeps the process alive. */
  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #received(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    if (this.#held < this.#needed) return;
    try {
      this.#take();
    } catch (error) {
      this.#end(error);
      this.#socket.destroy();
    }
  }

  /** Hands out the frames that are whole. */
  #take(): void {
    const bytes = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks, this.#held);
    let at = 0;
    this.#needed = LENGTH_BYTES;
    while (bytes.length - at >= LENGTH_BYTES) {
      const length = bytes.readUInt32LE(at);
      if (length === 0 || length > this.#maxFrameBytes()) {
        throw new ProtocolError(`a frame of ${length} bytes; from 1 to ${this.#maxFrameBytes()} are allowed`);
      }
      const end = at + LENGTH_BYTES + length;
      if (end > bytes.length) {
        this.#needed = LENGTH_BYTES + length;
        break;
      }
      // Before it is handed out: what is done with it may end the channel.
      const from = at + LENGTH_BYTES;
      at = end;
      if (this.#state === 'open') this.#listener.onFrame(bytes[from]!, bytes.subarray(from + 1, end));
    }
    const rest = bytes.subarray(at);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#held = rest.length;
  }

  #end(error: unknown): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#listener.onEnd(error);
  }
}
