/** The work of the benchmarks as a plugin in AssemblyScript; `component.ts` of the template goes beside it. */
import { Entry, Metadata, Response } from './component';

export function initialize(_config: Array<Entry>): string | null {
  return null;
}

export function process(input: string, _options: Array<Entry>): Response {
  // The string that the host passed in belongs to this call alone.
  const text = changetype<usize>(input);
  for (let at = text, end = text + (<usize>input.length << 1); at < end; at += 2) {
    const code = load<u16>(at);
    const letter = (code | 32) - 97;
    if (letter < 26) store<u16>(at, letter < 13 ? code + 13 : code - 13);
  }
  return new Response(input);
}

export function shutdown(): string | null {
  return null;
}

export function getMetadata(): Metadata {
  return new Metadata('rot13', '1.0.0', 'ROT13 in AssemblyScript');
}
