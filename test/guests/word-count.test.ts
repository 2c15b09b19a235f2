import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import fc from 'fast-check';
import { pluginFiles } from '../../examples/plugins/files.ts';
import { type Pairs, type PluginApi, type Response, underBothBindings } from './glue.ts';

interface Counts {
  readonly lines: number;
  readonly words: number;
  readonly characters: number;
  readonly bytes: number;
  readonly top?: readonly { readonly word: string; readonly count: number }[];
}

underBothBindings('the example plugin word-count', (start) => {
  let component: Uint8Array;
  let api: PluginApi;
  const process = (input: string, options: Pairs = []): Response => api.process({ input, options });
  const count = (input: string, options: Pairs = []): Counts => JSON.parse(process(input, options).output);

  before(async () => {
    component = await readFile(pluginFiles.wordCount);
    ({ api } = await start(component));
  });

  it('says what it is', () => {
    expect(api.getMetadata()).to.deep.equal({
      name: 'word-count',
      version: '1.0.0',
      description: 'Counts lines, words, characters and bytes, and the most frequent words',
    });
  });

  for (const [input, lines] of [
    ['', 0],
    ['a', 1],
    ['a\n', 1],
    ['a\nb', 2],
    ['a\r\nb\r\n', 2],
    ['a\rb', 2],
    ['\n\n', 2],
    ['\r\n\n\r', 3],
  ] as const) {
    it(`counts ${lines} lines in ${JSON.stringify(input)}`, () => expect(count(input).lines).to.equal(lines));
  }

  for (const [input, words] of [
    ["I can't, e.g., pay 3.14 of U.S. money", ['i', "can't", 'e.g', 'pay', '3.14', 'of', 'u.s', 'money']],
    ['a well-known foo_bar', ['a', 'well', 'known', 'foo_bar']],
    ["'quoted' ... ''", ['quoted']],
    ['Ünïcödé STRASSE Ελληνικά РУССКИЙ', ['ünïcödé', 'strasse', 'ελληνικά', 'русский']],
    ['我们 ひら カタカナ 한국어', ['我', '们', 'ひ', 'ら', 'カタカナ', '한국어']],
    ['👩‍👩‍👧 hi 👍🏽 ½ – “x”', ['hi', 'x']],
  ] as const) {
    it(`finds the words of ${input}`, () => {
      const { words: total, top } = count(input, [['top', '100']]);
      expect(top?.map(({ word }) => word)).to.have.members([...words]);
      expect(total).to.equal(words.length);
    });
  }

  it('names the most frequent words, equal ones in order', () => {
    expect(count('b a C c B a d', [['top', '3']]).top).to.deep.equal([
      { word: 'a', count: 2 },
      { word: 'b', count: 2 },
      { word: 'c', count: 2 },
    ]);
    expect(count('a')).to.not.have.property('top');
  });

  it('counts characters and bytes of any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { characters, bytes } = count(text, [['top', '5']]);
        expect(characters).to.equal([...text].length);
        expect(bytes).to.equal(Buffer.byteLength(text));
      }),
    );
  });

  it('agrees with the segmentation of Unicode on real text', async () => {
    const text = await readFile(new URL('../../node_modules/commander/Readme.md', import.meta.url), 'utf8');
    const segments = [...new Intl.Segmenter('en', { granularity: 'word' }).segment(text)];
    const words = segments.filter(({ isWordLike }) => isWordLike).length;
    expect(count(text).words).to.be.closeTo(words, words / 200);
  });

  for (const [option, message] of [
    [['top', '-1'], 'option "top" is "-1"; expected a whole number from 0 to 1000'],
    [['top', '1001'], 'option "top" is "1001"; expected a whole number from 0 to 1000'],
    [['top', ''], 'option "top" is ""; expected a whole number from 0 to 1000'],
    [['bottom', '1'], 'unknown option "bottom"; known is: top'],
  ] as const) {
    it(`refuses the option ${option.join('=')}`, () => {
      expect(process('', [option])).to.deep.equal({ output: '', success: false, errorMessage: message });
    });
  }

  it('takes its default from the configuration', async () => {
    const { api, heard } = await start(component, [['top', '1']]);
    expect(JSON.parse(api.process({ input: 'a b a', options: [] }).output).top).to.deep.equal([
      { word: 'a', count: 2 },
    ]);
    expect(heard.logs).to.deep.equal([['info', 'reports 1 frequent words unless a request says otherwise']]);
  });

  it('does not start with a bad configuration', async () => {
    const error = await start(component, [['top', 'all']]).catch((error: { payload?: unknown }) => error.payload);
    expect(error).to.equal('the configuration\'s "top" is "all"; expected a whole number from 0 to 1000');
  });

  it('needs little more memory for the hundredth request than for the first ten', async () => {
    const { api, memoryBytes } = await start(component);
    const request = { input: 'the quick brown fox '.repeat(5_000), options: [['top', '3']] } as const;
    for (let i = 0; i < 10; i++) api.process(request);
    const once = memoryBytes();
    for (let i = 0; i < 100; i++) api.process(request);
    expect(memoryBytes()).to.be.at.most(once * 2);
  });
});
