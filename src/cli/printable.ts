import { cleanLogLine } from '../text/log-line.ts';

/** Text that a plugin chose, safe to show on a terminal with its line breaks kept. */
export function printable(text: string): string {
  return text.split('\n').map(cleanLogLine).join('\n');
}

const UNITS = ['KiB', 'MiB', 'GiB'] as const;

/** `512 B`, `64 KiB`, `1.5 MiB`. */
export function byteSize(bytes: number): string {
  let value = bytes;
  let unit: string = 'B';
  for (const next of UNITS) {
    if (value < 1024) break;
    value /= 1024;
    unit = next;
  }
  return `${Number(value.toFixed(value < 10 ? 1 : 0))} ${unit}`;
}

/** `20,000`. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** `1 record`, `2 records`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}
