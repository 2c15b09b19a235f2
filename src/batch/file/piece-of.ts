import { Buffer } from 'node:buffer';
import { codesOf, SideKind, sideEntries } from '../../block/side.ts';
import type { BlockPiece } from '../../scheduler/block.ts';
import type { ResolvedFileBatchOptions } from './options.ts';
import type { Piece } from './pieces.ts';
import { type Done, deadLetterLine, outputLine, plainLine, verdictOn } from './result-line.ts';

/** What lines of results look like, and whether there are dead letters. */
export interface PieceForm {
  readonly output: Pick<ResolvedFileBatchOptions['output'], 'format'>;
  readonly deadLetter: object | undefined;
}

/** What a worker wrote of a stretch of a block. Its bytes stay the worker's. */
export function pieceOfBlock(
  { count, output, side, succeeded, refused, failed }: BlockPiece,
  { onMalformed }: Pick<ResolvedFileBatchOptions, 'onMalformed'>,
  file: string | undefined,
): Piece {
  const letters: string[] = [];
  let malformed = 0;
  let poison = 0;
  for (const { kind, text } of sideEntries(side)) {
    if (kind === SideKind.letter) letters.push(text.toString('utf8'));
    else if (kind === SideKind.poison) poison++;
    else if (kind === SideKind.malformed) {
      malformed++;
      const [line, problem] = JSON.parse(text.toString('utf8')) as [number, string];
      onMalformed?.(line, problem, file);
    }
  }
  const errors = Object.fromEntries(failed === 0 ? [] : codesOf(side));
  return { count, output, letters, counts: { succeeded, refused, failed, malformed, poison, unlucky: 0, errors } };
}

/** What this thread writes of a record that is over by itself. */
export function pieceOfOne(
  done: Done,
  { output, deadLetter, onMalformed }: PieceForm & Pick<ResolvedFileBatchOptions, 'onMalformed'>,
): Piece {
  const { record, response, error } = done;
  if (record.malformed !== undefined) onMalformed?.(record.line, record.malformed, record.file);
  const line = output.format === 'jsonl' ? outputLine(done) : plainLine(done);
  const letters = deadLetter === undefined || response?.success ? [] : [deadLetterLine(done)];
  const verdict = error === undefined ? undefined : verdictOn(done);
  const counts = {
    succeeded: Number(response?.success === true),
    refused: Number(response?.success === false),
    failed: Number(error !== undefined),
    malformed: Number(record.malformed !== undefined),
    poison: Number(verdict === 'poison'),
    unlucky: Number(verdict === 'unlucky'),
    errors: error === undefined ? {} : { [error.code]: 1 },
  };
  return { count: 1, output: Buffer.from(`${line}\n`), letters, counts };
}
