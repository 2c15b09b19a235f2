import type { RequestOptions } from '../../contract/values.ts';
import type { ProcessRequest } from '../../request/request.ts';

const KiB = 1024;

/** Inputs that plugins are known to stumble over: a good one answers or refuses each. */
export const ODD_REQUESTS: readonly ProcessRequest[] = [
  { input: '' },
  { input: '\0' },
  { input: 'a\0b' },
  { input: '\n' },
  { input: '\r\n\t \u00a0\u2028' },
  { input: '\u001b[31mred\u0007' },
  { input: '\ufeffbegins with a byte order mark' },
  { input: 'é e\u0301 ß İ ı ﬁ' },
  { input: '👩‍👩‍👧‍👦 🏳️‍🌈 \u{10ffff}' },
  { input: 'עברית \u202eright to left\u202c' },
  { input: '../../etc/passwd' },
  { input: "'; DROP TABLE plugins; --" },
  { input: '%s%n%x {0} $(x) <script>' },
  { input: '{"unfinished": [' },
  { input: '['.repeat(20_000) },
  { input: '9'.repeat(400) },
  { input: '-0 NaN Infinity 1e999' },
  { input: 'x'.repeat(64 * KiB) },
  { input: '\u00fc'.repeat(256 * KiB) },
  { input: 'line\n'.repeat(100_000) },
  { input: 'text', options: [['', '']] },
  { input: 'text', options: [['no-such-option', 'value']] },
  {
    input: 'text',
    options: [
      ['__proto__', 'polluted'],
      ['constructor', ''],
      ['toString', '\0'],
    ],
  },
  {
    input: 'text',
    options: [
      ['twice', '1'],
      ['twice', '2'],
    ],
  },
  { input: 'text', options: Array.from({ length: 1000 }, (_, index) => [`option-${index}`, String(index)] as const) },
];

/** Configurations that a plugin should start with, or refuse. */
export const ODD_CONFIGS: readonly RequestOptions[] = [
  [],
  [['', '']],
  [
    ['__proto__', 'polluted'],
    ['no-such-key', '\0'],
  ],
  [['long', 'x'.repeat(256 * KiB)]],
  Array.from({ length: 1000 }, (_, index) => [`key-${index}`, '👩‍👧'] as const),
];
