import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import fc from 'fast-check';
import { pluginFiles } from '../../examples/plugins/files.ts';
import { cardNumber, cardsIn } from './cards.ts';
import { type Pairs, type PluginApi, underBothBindings } from './glue.ts';

underBothBindings('the example plugin redact', (start) => {
  let component: Uint8Array;
  let api: PluginApi;
  const redact = (input: string, options: Pairs = []): string => api.process({ input, options }).output;

  before(async () => {
    component = await readFile(pluginFiles.redact);
    ({ api } = await start(component));
  });

  it('says what it is', () => {
    expect(api.getMetadata()).to.deep.equal({
      name: 'redact',
      version: '1.0.0',
      description: 'Masks e-mail addresses, phone numbers and payment-card numbers in text',
    });
  });

  for (const [what, text, expected] of [
    ['an address', 'Write to ada@example.org, please.', 'Write to ***@*******.***, please.'],
    [
      'an address with dots and a tag',
      '<ada.lovelace+test@mail.example.co.uk>',
      '<***.********+****@****.*******.**.**>',
    ],
    ['an address between Chinese words', '联系ada@example.org谢谢', '联系***@*******.***谢谢'],
    ['an international address', 'josé@exämple.de', '****@*******.**'],
    ['an address at the end of a sentence', 'From ada@example.org.', 'From ***@*******.***.'],
    ['an international number', 'call +49 30 123456 or +49 (0)30-123 456', 'call +** ** ****** or +** (*)**-*** ***'],
    [
      'a number of North America',
      '(212) 555-0199, 212.555.0199, 1-800-555-0199',
      '(***) ***-****, ***.***.****, *-***-***-****',
    ],
    [
      'a national number',
      '030 123456789, 020 7946 0958, 01 23 45 67 89',
      '*** *********, *** **** ****, ** ** ** ** **',
    ],
    ['a link to a number', 'tel:2125550199', 'tel:**********'],
    ['a number after another', 'room 24 212-555-0199', 'room 24 ***-***-****'],
    [
      'a card number',
      'pay with 4111 1111 1111 1111 or 5555555555554444',
      'pay with **** **** **** **** or ****************',
    ],
    ['a card number of 15 digits', '3782-822463-10005', '****-******-*****'],
    ['a card number in a row of numbers', '12 4111 1111 1111 1111 13', '12 **** **** **** **** 13'],
    ['a card number in CSV', '1,4111111111111111,7', '1,****************,7'],
  ] as const) {
    it(`masks ${what}`, () => expect(redact(text)).to.equal(expected));
  }

  for (const text of [
    'lodash@4.17.21, foo@1.0.0-beta.rc, @scope/name, root@localhost, a@b',
    'version 10.0.19041.1 of 2024-01-02 03:04:05, or 01/02/2003 10:30, or 01.02.2003',
    '192.168.0.1 and 010.020.030.040',
    'ISBN 978-3-16-148410-0, pi is 3.14159265358979, 1,234,567,890 of 2010 2011 2012 2013',
    'DE89 3704 0044 0532 0130 00, 550e8400-e29b-41d4-a716-446655440000, 1700000000000, 9007199254740991',
    '4111 1111 1111 1112 fails its check, 0.4111111111111111 is a fraction, x4111111111111111 a name',
    'C++ 11, +1 point, 50%, 12:30, $1,000, #123456789, 555-1234',
  ]) {
    it(`leaves alone: ${text}`, () => expect(redact(text)).to.equal(text));
  }

  it('masks only what the option `only` names', () => {
    const text = 'ada@example.org, 212-555-0199, 4111111111111111';
    expect(redact(text, [['only', 'card']])).to.equal('ada@example.org, 212-555-0199, ****************');
    expect(redact(text, [['only', 'email,phone']])).to.equal('***@*******.***, ***-***-****, 4111111111111111');
  });

  it('refuses options that it does not know', () => {
    const message = (option: readonly [string, string]) => api.process({ input: '', options: [option] });
    expect(message(['only', 'email,fax'])).to.deep.equal({
      output: '',
      success: false,
      errorMessage:
        'option "only" is "email,fax"; expected one or more of email, phone, card, with commas between them',
    });
    expect(message(['report', 'yes']).errorMessage).to.equal('option "report" is "yes"; expected true or false');
    expect(message(['nope', '']).errorMessage).to.equal('unknown option "nope"; known are: only, report');
  });

  it('masks with the configured character', async () => {
    const { api } = await start(component, [['mask', '█']]);
    expect(api.process({ input: 'josé@exämple.de', options: [] }).output).to.equal('████@███████.██');
  });

  for (const mask of ['', 'ab', 'a', '7', 'é', ' ', '\u00a0', '@', '\n']) {
    it(`does not start with the mask ${JSON.stringify(mask)}`, async () => {
      const error = await start(component, [['mask', mask]]).then(
        () => undefined,
        (error: { payload?: unknown }) => error.payload,
      );
      expect(error).to.equal(
        'the configuration\'s "mask" has to be one character that is no letter, digit, space or @',
      );
    });
  }

  it('logs how it is configured, reports on request, and sums up at the end', async () => {
    const { api, heard } = await start(component, [['colour', 'red']]);
    api.process({ input: 'ada@example.org or 4111111111111111', options: [['report', 'true']] });
    api.process({ input: 'bob@example.org', options: [] });
    api.shutdown();
    expect(heard).to.deep.equal({
      logs: [
        ['warn', 'the configuration has the unknown key "colour"; known is: mask'],
        ['info', 'masks with *'],
        ['info', 'masked in 2 texts: {"email":2,"phone":0,"card":1}'],
      ],
      events: [['redacted', '{"email":1,"phone":0,"card":1}']],
    });
  });

  const text = fc
    .array(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        cardNumber,
        fc.stringMatching(/^[\d .,+()@a/_-]{0,30}$/),
        fc.constantFrom(' ', '\n', ', ', '(', '-', 'ada@example.org', '+49 30 123456', '212-555-0199'),
      ),
    )
    .map((pieces) => pieces.join(''));

  it('lets no valid card number through, whatever surrounds it', () => {
    fc.assert(
      fc.property(text, (input) => {
        expect(cardsIn(redact(input))).to.deep.equal([]);
        expect(cardsIn(redact(input, [['only', 'card']]))).to.deep.equal([]);
      }),
      { numRuns: 500 },
    );
  });

  it('never fails, and changes nothing but letters and digits', () => {
    fc.assert(
      fc.property(text, (input) => {
        const before = [...input];
        const after = [...redact(input)];
        expect(after.length).to.equal(before.length);
        for (const [index, character] of after.entries()) {
          if (character !== before[index]) {
            expect(character).to.equal('*');
            expect(before[index]).to.match(/[\p{L}\p{N}\p{M}]|[\u00c0-\u1fff]/u);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('takes time in proportion to the text, also for the worst of texts', () => {
    for (const piece of ['1 ', '@', 'a@', '(', '4111 ', '0 ', '1-', 'a.', '+1']) {
      expect(redact(piece.repeat(200_000)).length, piece).to.equal(200_000 * piece.length);
    }
  });

  it('needs no more memory for the hundredth request than for the first', async () => {
    const { api, memoryBytes } = await start(component);
    const request = { input: 'ada@example.org '.repeat(20_000), options: [] };
    api.process(request);
    const once = memoryBytes();
    for (let i = 0; i < 100; i++) api.process(request);
    expect(memoryBytes()).to.equal(once);
  });
});
