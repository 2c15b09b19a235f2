import type { Buffer } from 'node:buffer';
import type { PluginResponse } from '../../contract/values.ts';
import type { PluginError } from '../../errors.ts';
import { errorFrom, parseJson } from './checked.ts';
import type { Packer } from './packer.ts';
import { ProtocolError, Unpacker } from './unpacker.ts';
import { packValue, unpackValue } from './values.ts';

/** Bytes of a frame from the child, beside what the policies of its plugins let them answer. */
const FRAME_SLACK_BYTES = 32 * 1024 * 1024;
/** A value may take so many times the bytes that it took in the guest: numbers become 9 bytes, fields bring their names. */
const FRAME_FACTOR = 8;

/** The most bytes of a frame from a child whose plugins may each answer with so many. */
export function maxFrameBytes(maxOutputBytes: number): number {
  return FRAME_SLACK_BYTES + FRAME_FACTOR * maxOutputBytes;
}

/** When a request ran, in milliseconds of the system's monotonic clock; 0 when it did not, or has not ended by itself. */
export interface RunTimes {
  readonly begun: number;
  readonly ended: number;
}

/** What became of a request. */
export type Outcome =
  | { readonly kind: 'answered'; readonly response: PluginResponse }
  /** What a function returned. */
  | {
      readonly kind: 'returned';
      readonly value: unknown;
      /** Bytes that it took on its way; 0 where it has not been sent. */
      readonly bytes: number;
    }
  | {
      readonly kind: 'failed';
      readonly error: PluginError;
      readonly began: boolean;
      /** Whether a thread was ended or died with it. */
      readonly killed: boolean;
    };

/** The outcome of one request. */
export interface Result {
  readonly request: number;
  readonly times: RunTimes;
  readonly threadId: number;
  readonly outcome: Outcome;
}

const ANSWERED = 1;
const RETURNED = 2;
const FAILED = 3;
const KIND = 3;
const SUCCESS = 4;
const HAS_MESSAGE = 8;
const BEGAN = 16;
const KILLED = 32;
const RAN = 64;

/** Appends a result to a frame of them. */
export function packResult(out: Packer, { request, times, threadId, outcome }: Result): void {
  out.u32(request);
  const ran = times.begun === 0 ? 0 : RAN;
  switch (outcome.kind) {
    case 'answered': {
      const { success, errorMessage } = outcome.response;
      out.u8(ANSWERED | ran | (success ? SUCCESS : 0) | (errorMessage === undefined ? 0 : HAS_MESSAGE));
      break;
    }
    case 'returned':
      out.u8(RETURNED | ran);
      break;
    case 'failed':
      out.u8(FAILED | ran | (outcome.began ? BEGAN : 0) | (outcome.killed ? KILLED : 0));
  }
  if (ran !== 0) {
    out.f64(times.begun);
    out.f64(times.ended);
    out.u32(threadId);
  }
  if (outcome.kind === 'answered') {
    out.text(outcome.response.output);
    if (outcome.response.errorMessage !== undefined) out.text(outcome.response.errorMessage);
  } else if (outcome.kind === 'returned') packValue(out, outcome.value);
  else out.text(JSON.stringify(outcome.error));
}

const DID_NOT_RUN: RunTimes = Object.freeze({ begun: 0, ended: 0 });

/** The results of a frame. @throws {ProtocolError} for what is none. */
export function* unpackResults(body: Buffer): Generator<Result, void, undefined> {
  const from = new Unpacker(body);
  while (from.left > 0) {
    const request = from.u32();
    const flags = from.u8();
    const times = flags & RAN ? { begun: time(from), ended: time(from) } : DID_NOT_RUN;
    const threadId = flags & RAN ? from.u32() : 0;
    yield { request, times, threadId, outcome: unpackOutcome(from, flags) };
  }
}

function time(from: Unpacker): number {
  const value = from.f64();
  if (!(value >= 0 && value < Number.MAX_SAFE_INTEGER)) throw new ProtocolError('a time that is none');
  return value;
}

function unpackReturned(from: Unpacker): Outcome {
  const before = from.left;
  const value = unpackValue(from);
  return { kind: 'returned', value, bytes: before - from.left };
}

function unpackOutcome(from: Unpacker, flags: number): Outcome {
  switch (flags & KIND) {
    case ANSWERED: {
      const output = from.text();
      const success = (flags & SUCCESS) !== 0;
      const response = flags & HAS_MESSAGE ? { output, success, errorMessage: from.text() } : { output, success };
      return { kind: 'answered', response };
    }
    case RETURNED:
      return unpackReturned(from);
    case FAILED: {
      const error = errorFrom(parseJson(from.text()));
      return { kind: 'failed', error, began: (flags & BEGAN) !== 0, killed: (flags & KILLED) !== 0 };
    }
    default:
      throw new ProtocolError(`no outcome has the flags ${flags}`);
  }
}
