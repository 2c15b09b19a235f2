import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';

const RECORD_BYTES = 100;

/** How JSON is written: as `JSON.stringify` does, or as other languages do, here with two more fields. */
export type Form = 'compact' | 'spaced';

const FORMS: Readonly<Record<Form, (index: number) => readonly [head: string, tail: string]>> = {
  compact: (index) => [`{"id":"r${index}","input":"`, '"}'],
  spaced: (index) => [`{"id": "r${index}", "lang": "en", "input": "`, '", "n": 1.5}'],
};

/** Writes so many records of 100 bytes, line break included. */
export async function writeRecords(path: string, count: number, form: Form = 'compact'): Promise<void> {
  const file = createWriteStream(path);
  for (let index = 0; index < count; ) {
    let block = '';
    for (const end = Math.min(index + 10_000, count); index < end; index++) {
      const [head, tail] = FORMS[form](index);
      block += `${head.padEnd(RECORD_BYTES - 1 - tail.length, 'some words of text ')}${tail}\n`;
    }
    if (!file.write(block)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'close');
}

/** What one thread reaches that does nothing but parse and print the lines of a file: the bound of a batch. */
export async function parseAndPrint(input: string, output: string): Promise<number> {
  const file = await open(output, 'w');
  let records = 0;
  let rest = '';
  for await (const chunk of createReadStream(input, { encoding: 'utf8', highWaterMark: 256 * 1024 })) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    let block = '';
    for (const line of lines) block += `${JSON.stringify(JSON.parse(line))}\n`;
    records += lines.length;
    await file.write(block);
  }
  await file.close();
  return records;
}
