import { seeded } from '../../support/outcome.ts';
import { withBombs } from './bombs.ts';

/** A component that was damaged on purpose. */
export interface Mutant {
  readonly bytes: Uint8Array;
  /** What was done to which seed, in words. */
  readonly how: string;
}

type Random = ReturnType<typeof seeded>;
type Mutation = (bytes: Uint8Array, random: Random, others: readonly Uint8Array[]) => Uint8Array;

/** Bytes that mean something: extremes of LEB128, opcodes of sections and types, quotes. */
const INTERESTING = [
  0x00, 0x01, 0x02, 0x04, 0x05, 0x07, 0x0b, 0x0d, 0x22, 0x27, 0x3f, 0x40, 0x5c, 0x60, 0x7f, 0x80, 0xff,
];
/** Numbers that are as large as LEB128 of 32 bits gets, or one more, or longer than they need to be. */
const NUMBERS = [
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0x7f],
  [0x80, 0x80, 0x80, 0x80, 0x08],
  [0x80, 0x80, 0x04],
  [0x80, 0x00],
];
/** What names should not hold; the first is JavaScript that leaves a mark if a name is pasted between quotes. */
const TEXTS = ["'],Map.x=['", '`x`', '__proto__', '*/x/*', '\n\u2028', '\0', '../..', 'constructor'];

const encoder = new TextEncoder();

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  truncated: (bytes, random) => bytes.slice(0, random.below(bytes.length)),
  'bits flipped'(bytes, random) {
    const mutated = bytes.slice();
    for (let left = 1 + random.below(4); left > 0; left--) {
      const at = random.below(bytes.length);
      mutated[at] = mutated[at]! ^ (1 << random.below(8));
    }
    return mutated;
  },
  'bytes replaced'(bytes, random) {
    const mutated = bytes.slice();
    for (let left = 1 + random.below(3); left > 0; left--)
      mutated[random.below(bytes.length)] = random.pick(INTERESTING);
    return mutated;
  },
  'a byte counted up or down'(bytes, random) {
    const mutated = bytes.slice();
    const at = random.below(bytes.length);
    mutated[at] = mutated[at]! + random.pick([1, -1, 2, -2]);
    return mutated;
  },
  'a number made huge'(bytes, random) {
    const at = random.below(bytes.length);
    return spliced(bytes, at, at + random.below(3), Uint8Array.from(random.pick(NUMBERS)));
  },
  'bytes inserted'(bytes, random) {
    const at = random.below(bytes.length);
    return spliced(
      bytes,
      at,
      at,
      Uint8Array.from({ length: 1 + random.below(8) }, () => random.below(256)),
    );
  },
  'bytes removed'(bytes, random) {
    const at = random.below(bytes.length);
    return spliced(bytes, at, at + 1 + random.below(16), new Uint8Array());
  },
  'a piece copied over another'(bytes, random) {
    const mutated = bytes.slice();
    const from = random.below(bytes.length);
    mutated.copyWithin(random.below(bytes.length), from, from + 1 + random.below(64));
    return mutated;
  },
  'text overwritten'(bytes, random) {
    const mutated = bytes.slice();
    const starts = textStarts(bytes);
    if (starts.length === 0) return mutated;
    const text = encoder.encode(random.pick(TEXTS));
    mutated.set(text.subarray(0, bytes.length), Math.min(random.pick(starts), bytes.length - text.length));
    return mutated;
  },
  // So that what refers to a name still finds it.
  'a name replaced wherever it is'(bytes, random) {
    const starts = textStarts(bytes);
    if (starts.length === 0) return bytes;
    const start = random.pick(starts);
    let end = start;
    while (isText(bytes[end])) end++;
    const name = bytes.subarray(start, end);
    const mutated = Buffer.from(bytes);
    const other = Buffer.from(random.pick(TEXTS).padEnd(name.length, 'a'), 'latin1').subarray(0, name.length);
    for (let at = mutated.indexOf(name); at !== -1; at = mutated.indexOf(name, at + 1)) mutated.set(other, at);
    return new Uint8Array(mutated);
  },
  'a section removed': (bytes, random) =>
    withSections(bytes, (sections) => void sections.splice(random.below(sections.length), 1)),
  'a section doubled': (bytes, random) =>
    withSections(bytes, (sections) => void sections.splice(random.below(sections.length), 0, random.pick(sections))),
  'sections swapped': (bytes, random) =>
    withSections(bytes, (sections) => {
      const [one, other] = [random.below(sections.length), random.below(sections.length)];
      [sections[one], sections[other]] = [sections[other]!, sections[one]!];
    }),
  'sections of another component added': (bytes, random, others) =>
    withSections(bytes, (sections) => {
      const more = sectionsOf(random.pick(others));
      if (more.length > 0) sections.splice(random.below(sections.length + 1), 0, random.pick(more));
    }),
  'bytes inserted, lengths repaired': (bytes, random) =>
    within(bytes, random, (content) => {
      const at = random.below(content.length + 1);
      return spliced(
        content,
        at,
        at,
        Uint8Array.from({ length: 1 + random.below(4) }, () => random.pick(INTERESTING)),
      );
    }),
  'bytes removed, lengths repaired': (bytes, random) =>
    within(bytes, random, (content) => {
      const at = random.below(content.length + 1);
      return spliced(content, at, at + 1 + random.below(4), new Uint8Array());
    }),
  'a section of a module removed, doubled or moved': (bytes, random) => within(bytes, random, () => undefined),
  'the end of another component': (bytes, random, others) => {
    const other = random.pick(others);
    return spliced(bytes, random.below(bytes.length), bytes.length, other.slice(random.below(other.length)));
  },
};

/** What keeps all lengths as they are gets further into the pipeline, and is tried more often. */
const GENTLE = [
  'bits flipped',
  'bytes replaced',
  'a byte counted up or down',
  'text overwritten',
  'a name replaced wherever it is',
  'bytes inserted, lengths repaired',
  'bytes removed, lengths repaired',
];
const NAMES = [...Object.keys(MUTATIONS), ...GENTLE, ...GENTLE, ...GENTLE];

/** One of so many has something at its end that V8's compilers make much of. */
const BOMB_EVERY = 16;

/** The mutant of a number: the same for the same seed and number, whichever were made before. */
export function mutant(seed: number, index: number, components: readonly Uint8Array[]): Mutant {
  const random = seeded(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  const which = random.below(components.length);
  let bytes = components[which]!;
  const steps: string[] = [];
  if (random.below(BOMB_EVERY) === 0) {
    const bomb = withBombs(bytes, random);
    steps.push(bomb.how);
    // Most are left as they are: damaged ones rarely get as far as V8.
    if (random.below(3) > 0) return { bytes: bomb.bytes, how: `component ${which}: ${bomb.how}` };
    bytes = bomb.bytes;
  }
  for (let left = random.pick([1, 1, 1, 2, 3]); left > 0 && bytes.length > 0; left--) {
    const name = random.pick(NAMES);
    bytes = MUTATIONS[name]!(bytes, random, components);
    steps.push(name);
  }
  return { bytes, how: `component ${which}: ${steps.join(', ')}` };
}

function spliced(bytes: Uint8Array, start: number, end: number, insert: Uint8Array): Uint8Array {
  const rest = bytes.subarray(Math.min(end, bytes.length));
  const result = new Uint8Array(start + insert.length + rest.length);
  result.set(bytes.subarray(0, start));
  result.set(insert, start);
  result.set(rest, start + insert.length);
  return result;
}

function isText(byte: number | undefined): boolean {
  return byte !== undefined && byte > 0x20 && byte < 0x7f;
}

/** Where at least four characters of text begin. */
function textStarts(bytes: Uint8Array): number[] {
  const starts: number[] = [];
  let length = 0;
  for (const [at, byte] of bytes.entries()) {
    length = isText(byte) ? length + 1 : 0;
    if (length === 4) starts.push(at - 3);
  }
  return starts;
}

const PREAMBLE = 8;

function withSections(bytes: Uint8Array, change: (sections: Uint8Array[]) => void): Uint8Array {
  const sections = sectionsOf(bytes);
  if (sections.length === 0) return bytes;
  change(sections);
  const result = new Uint8Array(sections.reduce((length, section) => length + section.length, PREAMBLE));
  result.set(bytes.subarray(0, PREAMBLE));
  let at = PREAMBLE;
  for (const section of sections) {
    result.set(section, at);
    at += section.length;
  }
  return result;
}

const MODULE = 1;
const COMPONENT = 4;

/**
 * Changes what is in one section, also one of a module or component within, and the lengths around it. Without a new
 * content, sections are removed, doubled or moved.
 */
function within(
  bytes: Uint8Array,
  random: Random,
  change: (content: Uint8Array) => Uint8Array | undefined,
): Uint8Array {
  return withSections(bytes, (sections) => {
    const which = random.below(sections.length);
    const section = sections[which]!;
    const content = section.subarray(headerLength(section));
    const isNested = section[0] === MODULE || section[0] === COMPONENT;
    const changed = isNested && random.below(8) > 0 ? within(content, random, change) : change(content);
    if (changed === undefined) {
      const moved = sections.splice(which, random.below(2));
      sections.splice(random.below(sections.length + 1), 0, ...(random.below(2) === 0 ? moved : [section]));
    } else {
      sections[which] = Uint8Array.from([section[0]!, ...leb128(changed.length), ...changed]);
    }
  });
}

/** Bytes of a section's kind and length. */
function headerLength(section: Uint8Array): number {
  let end = 1;
  while (section[end]! >= 0x80) end++;
  return end + 1;
}

function leb128(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb128(value >>> 7)];
}

/** The sections of a component or a core module, each with its header; none where it is damaged already. */
function sectionsOf(bytes: Uint8Array): Uint8Array[] {
  const sections: Uint8Array[] = [];
  for (let at = PREAMBLE; at < bytes.length; ) {
    let length = 0;
    let next = at + 1;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[next++];
      if (byte === undefined || shift > 28) return [];
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    if (next + length > bytes.length) return [];
    sections.push(bytes.subarray(at, next + length));
    at = next + length;
  }
  return sections;
}
