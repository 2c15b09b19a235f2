import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import { parseRecord } from '../../src/batch/file/record.ts';
import { RecordScanner } from '../../src/block/record-scanner.ts';

/** What the scanner makes of a line; undefined for what it leaves to `JSON.parse`. */
function scan(line: string): { id: unknown; input: string; plugin: string | undefined; options: unknown } | undefined {
  // Other lines stand before and behind it, and something else where the block ends.
  const bytes = Buffer.from(`{"input":"before"}\n${line}\n{"input":"behind","id":"b"}\n"}]0e1`);
  const at = bytes.indexOf(0x0a) + 1;
  const limit = bytes.lastIndexOf(0x0a) + 1;
  const scanner = new RecordScanner(bytes);
  if (!scanner.scan(at, limit)) return undefined;
  expect(scanner.next, line).to.equal(at + Buffer.byteLength(line) + 1);
  const scratch = Buffer.alloc(bytes.length * 2);
  let input = bytes.toString('utf8', scanner.inputAt, scanner.inputEnd);
  if (scanner.inputEscaped) {
    if (!scanner.unescape(scanner.inputAt, scanner.inputEnd, scratch, 7)) return undefined;
    input = scratch.toString('utf8', 7, scanner.end);
  }
  let options: [string, string][] | undefined;
  if (scanner.optionsAt >= 0) {
    const count = scanner.writeOptions(scratch, 3);
    if (count < 0) return undefined;
    let end = 3;
    const text = (): string => {
      const start = end + 4;
      end = start + scratch.readUInt32LE(end);
      return scratch.toString('utf8', start, end);
    };
    options = Array.from({ length: count }, () => [text(), text()]);
    expect(end, line).to.equal(scanner.end);
  }
  return {
    id: scanner.idAt < 0 ? undefined : JSON.parse(bytes.toString('utf8', scanner.idAt, scanner.idEnd)),
    input,
    plugin: scanner.pluginAt < 0 ? undefined : bytes.toString('utf8', scanner.pluginAt, scanner.pluginEnd),
    options: options ?? [['default', 'yes']],
  };
}

/** Holds the scanner against what the records of a file are made of without it. */
function compare(line: string): 'scanned' | 'left' {
  const found = scan(line);
  if (found === undefined) return 'left';
  const record = parseRecord(1, line, [['default', 'yes']]);
  expect(record.malformed, line).to.equal(undefined);
  const { id, input, plugin, options } = record;
  expect(found, line).to.deep.equal({ id, input, plugin, options });
  return 'scanned';
}

/** JSON as anybody might write it: white space, escapes where none are needed, keys in any order and more than once. */
const space = fc.constantFrom('', '', '', ' ', '  ', '\t', '\r', ' \t ');
const character = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
  fc.constantFrom(
    '\\n',
    '\\"',
    '\\\\',
    '\\/',
    '\\u0041',
    '\\u00e9',
    '\\u20ac',
    '\\ud83d\\ude00',
    '\\b',
    '\\f',
    '\\r',
    '\\t',
  ),
  fc.constantFrom('\\ud800', '\\udc00', '\\ud83d\\u0041', '\\x', '\\u12', '\\', '\u0001', '\u007f', '\u2028'),
);
const usual = fc.array(
  fc.oneof(fc.constantFrom(...'abc xyz0189{}[]:,é€💥'), fc.constantFrom('\\n', '\\"', '\\u00e9', '\\ud83d\\ude00')),
  { maxLength: 12 },
);
const text = fc.oneof(usual, usual, usual, fc.array(character, { maxLength: 8 })).map((parts) => {
  const inner = parts.map((part) => (part === '"' || part === '\\' ? '' : part)).join('');
  return `"${inner}"`;
});
const number = fc.constantFrom(
  '0',
  '-0',
  '1',
  '-1.5',
  '1e3',
  '1E+2',
  '0.1e-7',
  '123456789012345678901234567890',
  '1e999',
  '01',
  '1.',
  '.5',
  '-',
  '1e',
  '+1',
);
const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    number,
    fc.constantFrom('true', 'false', 'null', 'tru', 'nul', 'undefined', '', '{}', '[]', '[1,]', '{"a":1,}'),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
    fc
      .array(fc.tuple(text, space, tie('value')), { maxLength: 3 })
      .map((members) => `{${members.map(([key, gap, member]) => `${key}${gap}:${member}`).join(' ,')}}`),
  ),
}));
const key = fc.constantFrom(
  '"id"',
  '"input"',
  '"input"',
  '"options"',
  '"plugin"',
  '"x"',
  '"attempts"',
  '"__proto__"',
  '"i\\u0064"',
  '"inputs"',
  '""',
);
const pairs = fc.array(fc.tuple(text, text), { maxLength: 4 });
const options = fc.oneof(
  pairs.map((all) => `{${all.map(([name, of]) => `${name} : ${of}`).join(',')}}`),
  pairs.map((all) => `[${all.map(([name, of]) => `[ ${name},${of} ]`).join(' , ')}]`),
  fc.constantFrom(
    '{"a":"1","a":"2"}',
    '{"2":"x","1":"y"}',
    '{"__proto__":"p"}',
    '[["a"]]',
    '[["a","b","c"]]',
    '{"a":1}',
    '[[]]',
    '[{}]',
  ),
);
const member = fc.oneof(
  fc.tuple(key, space, space, fc.oneof(text, text, value), space),
  fc.tuple(fc.constant('"options"'), space, space, options, space),
  fc.tuple(fc.constantFrom('"id"', '"input"', '"plugin"'), space, space, text, space),
);
const line = fc
  .tuple(space, fc.array(member, { maxLength: 4 }), fc.option(text), space)
  .map(([before, members, input, after]) => {
    const fields = members.map((parts) => `${parts[0]}${parts[1]}:${parts[2]}${parts[3]}${parts[4]}`);
    if (input !== null) fields.push(`"input":${input}`);
    return `${before}{${fields.join(',')}}${after}`;
  });

describe('RecordScanner', function () {
  this.timeout(120_000);

  it('makes of a line what JSON.parse makes of it, or leaves it to that', () => {
    const counts = { scanned: 0, left: 0 };
    fc.assert(
      fc.property(line, (candidate) => {
        // A string of JSON may hold half a surrogate as it is; bytes may not.
        if (!candidate.includes('\n') && candidate.isWellFormed()) counts[compare(candidate)]++;
      }),
      { numRuns: 20_000 },
    );
    // It would pass by leaving everything.
    expect(counts.scanned).to.be.above(2000);
    expect(counts.left).to.be.above(2000);
  });

  it('accepts nothing that was cut off, or has a byte too many', () => {
    const whole =
      ' {"id":"a\u00e9", "x": [1.5e3, {"y": [true, null, "\\u00e9"]}] ,"options":{"k":"v"},"input":"t\\n"} ';
    for (let end = 0; end < whole.length; end++) {
      compare(whole.slice(0, end));
      for (const byte of ['"', '\\', '{', '}', '[', ']', ',', ':', '0', '-', 'e', '.', ' ', '\u0000', 't'])
        compare(`${whole.slice(0, end)}${byte}${whole.slice(end)}`);
      compare(`${whole.slice(0, end)}${whole.slice(end + 1)}`);
    }
  });

  for (const [name, usualLine] of [
    ['compact JSON', '{"id":"r1","input":"some words"}'],
    ['spaced JSON with fields of its own', '{"id": "r1", "input": "some words", "n": 1.5, "tags": ["a", {"b": null}]}'],
    ['fields in any order', '{"tags":[],"input":"x","plugin":"p","options":{"a":"b"},"id":"r1"}'],
    ['escapes in the input', '{"input":"a\\n\\"b\\" \\u00e9 \\ud83d\\ude00"}'],
    ['pairs of options', '{"input":"x","options":[["a","b"],["a","c"]]}'],
    ['an input that comes twice', '{"input":"x","input":"y"}'],
    ['empty texts', '{"id":"","input":"","options":{}}'],
    ['what stands after a carriage return', '{"input":"x"}\r'],
    ['62 levels', `{"x":${'['.repeat(62)}${']'.repeat(62)},"input":"x"}`],
  ] as const) {
    it(`reads ${name}`, () => expect(compare(usualLine)).to.equal('scanned'));
  }

  for (const [name, unusual] of [
    ['half a surrogate', '{"input":"\\ud800"}'],
    ['keys with escapes', '{"\\u0069nput":"x"}'],
    ['options that JSON sorts', '{"input":"x","options":{"b":"1","1":"2"}}'],
    ['options that come twice', '{"input":"x","options":{"b":"1","b":"2"}}'],
    ['what is nested very deep', `{"x":${'['.repeat(100_000)}${']'.repeat(100_000)},"input":"x"}`],
    ['two records on a line', '{"input":"x"}{"input":"y"}'],
    ['nothing', ''],
  ] as const) {
    it(`leaves ${name}`, () => expect(compare(unusual)).to.equal('left'));
  }
});
