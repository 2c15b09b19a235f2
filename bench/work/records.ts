import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';

const RECORD_BYTES = 100;

/** Writes so many records of 100 bytes, line break included. */
export async function writeRecords(path: string, count: number): Promise<void> {
  const file = createWriteStream(path);
  for (let index = 0; index < count; ) {
    let block = '';
    for (const end = Math.min(index + 10_000, count); index < end; index++) {
      const head = `{"id":"r${index}","input":"`;
      block += `${head.padEnd(RECORD_BYTES - 3, 'some words of text ')}"}\n`;
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
