import fc from 'fast-check';

/** The card networks' numbers, by prefix and length. */
const ISSUED =
  /^(?:220[0-4]\d{12,15}|(?:222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}|3(?:0[0-5]\d|095|6\d\d|[89]\d\d)\d{10,15}|3[47]\d{13}|35(?:2[89]|[3-8]\d)\d{12,15}|4\d{12,18}|5(?:0|[6-8])\d{11,17}|5[1-5]\d{14}|6\d{12,18})$/;

const GAP = '[ \\-\u00a0\u2009\u2010-\u2013\u202f]';
/** Digits in groups of three or more, of which the last may be shorter. */
const GROUPS = new RegExp(`^(?:\\d{3,}${GAP})*\\d+$`);
const WORD = '[A-Za-z0-9\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u1fff]';
const INSIDE_WORD = new RegExp(`^${WORD}`);
/** Ends in a number of up to nine digits and a point: what follows is its fraction. */
const FRACTION = new RegExp(`(?<!${WORD}|\\d${GAP})\\d{1,9}\\.$`);

/** ISO/IEC 7812, written another way than the plugin's. */
function luhnSum(digits: string): number {
  return [...digits]
    .reverse()
    .flatMap((digit, index) => [...String(Number(digit) * (index % 2 === 0 ? 1 : 2))])
    .reduce((sum, digit) => sum + Number(digit), 0);
}

/** Every payment-card number in a text, found by trying each piece of it. */
export function cardsIn(text: string): string[] {
  const found: string[] = [];
  for (const { index } of text.matchAll(/\d/g)) {
    if (INSIDE_WORD.test(text[index - 1] ?? '') || FRACTION.test(text.slice(Math.max(0, index - 13), index))) continue;
    for (let end = index + 13; end <= Math.min(text.length, index + 25); end++) {
      const piece = text.slice(index, end);
      const digits = piece.replaceAll(/\D/g, '');
      if (INSIDE_WORD.test(text[end] ?? '') || !GROUPS.test(piece) || digits.length > 19) continue;
      if (ISSUED.test(digits) && luhnSum(digits) % 10 === 0) found.push(piece);
    }
  }
  return found;
}

/** A card number that passes every check, with gaps as people write them. */
export const cardNumber: fc.Arbitrary<string> = fc
  .record({
    prefix: fc.constantFrom('4', '51', '55', '2221', '2720', '34', '37', '36', '6011', '62', '3530', '5018'),
    digits: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 18, maxLength: 18 }),
    gap: fc.constantFrom('', ' ', '-', '\u00a0', '\u2013'),
  })
  .map(({ prefix, digits, gap }) => {
    const length = /^3[47]/.test(prefix) ? 15 : prefix === '36' ? 14 : 16;
    const body = (prefix + digits.join('')).slice(0, length - 1);
    const number = body + ((10 - (luhnSum(`${body}0`) % 10)) % 10);
    return number.replaceAll(/.{4}(?=.)/g, `$&${gap}`);
  });
