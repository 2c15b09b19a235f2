import { type Buffer, isUtf8 } from 'node:buffer';
import type { RequestOptions } from '../../contract/values.ts';
import { cleanLine, NO_TEXT } from './lines.ts';
import { FileRecord, parseRecord, whatStood } from './record.ts';

/** The record on one line of a file, which is not blank where blank ones are none. */
export function lineRecord(
  bytes: Buffer,
  place: { readonly line: number; readonly index: number; readonly file: string | undefined },
  kind: 'jsonl' | 'lines',
  options: RequestOptions,
): FileRecord {
  const record = read(bytes, place.line, kind, options);
  record.index = place.index;
  record.file = place.file;
  return record;
}

function read(bytes: Buffer, line: number, kind: 'jsonl' | 'lines', options: RequestOptions): FileRecord {
  if (!isUtf8(bytes)) return new FileRecord(line, { malformed: NO_TEXT, ...whatStood(bytes) });
  const text = cleanLine(bytes.toString('utf8'), line);
  return kind === 'jsonl' ? parseRecord(line, text, options) : new FileRecord(line, { input: text, options });
}
