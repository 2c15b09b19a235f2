import { styleText } from 'node:util';
import { cleanLogLine } from '../text/log-line.ts';
import { Failure, fileFailure, isReaderGone } from './failure.ts';

/** Writes to stdout; resolves when it is written, so that a slow reader slows the writer down. */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error) reject(unwritten(error));
      else resolve();
    });
  });
}

function unwritten(error: NodeJS.ErrnoException): Failure {
  // Anything else is the disk's business.
  if (isReaderGone(error)) return new Failure(0, '', error);
  return fileFailure('go on writing', 'standard output', error, 1);
}

/** Writes a value to stdout as JSON: indented for a reader, on one line for a program. */
export function printJson(value: unknown): Promise<void> {
  return print(`${JSON.stringify(value, undefined, process.stdout.isTTY ? 2 : undefined)}\n`);
}

/** Says something to the user on stderr: one line, whatever is in it. */
export function say(line: string): void {
  process.stderr.write(`${cleanLogLine(line)}\n`);
}

/** Colours text for stdout, where that is a terminal that shows colours. */
export function paint(format: Parameters<typeof styleText>[0], text: string): string {
  return styleText(format, text, { stream: process.stdout });
}
