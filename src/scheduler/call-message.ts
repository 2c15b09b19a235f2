import type { Mailbox } from '../pool/mailbox.ts';
import type { LargeRequest } from '../pool/protocol.ts';
import type { PreparedCall } from '../request/function-call.ts';

/** Puts a call into the mailbox, if it goes there. */
export function isPut(mailbox: Mailbox, slot: number, call: PreparedCall): boolean {
  return call.kind === 'bytes' && mailbox.putCall(slot, call);
}

/** What is posted of a call that does not. */
export function messageOf(call: PreparedCall): LargeRequest {
  if (call.kind === 'named') return { kind: 'call', call: call.func };
  if (call.kind === 'conversation') {
    return { kind: 'conversation', conversation: call.conversation.number, order: call.order };
  }
  const { number, bytes, from, end } = call;
  // Else all of the memory would go that it shares with others.
  return { kind: 'bytes', number, bytes: Uint8Array.prototype.slice.call(bytes, from, end), from };
}
