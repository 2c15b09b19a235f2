import { expect } from 'chai';
import { pluginFiles } from '../../examples/plugins/files.ts';
import type { PluginResponse } from '../../src/contract/values.ts';
import { PluginEngine } from '../../src/engine.ts';

type Options = Readonly<Record<string, string>>;

/** The example plugins that are built of sources with unit tests of their own: here only as a host sees them. */
describe('the example plugin', () => {
  let engine: PluginEngine;
  const load = (name: keyof typeof pluginFiles, config: Options = {}) =>
    engine.loadPlugin(name, pluginFiles[name], { config });
  const ask = (name: string, input: string, options: Options = {}): Promise<PluginResponse> =>
    engine.process(name, { input, options });

  before(async () => {
    engine = await PluginEngine.create({ threads: 1 });
  });
  afterEach(() => Promise.all(engine.listPlugins().map(({ name }) => engine.unloadPlugin(name))));
  after(() => engine.close());

  describe('links', () => {
    const links = async (input: string, options: Options = {}): Promise<unknown> => {
      const { output, errorMessage } = await ask('links', input, options);
      return errorMessage ?? JSON.parse(output);
    };

    it('finds links of every form, with their lines', async () => {
      await load('links');
      const text = [
        'See [the docs](/docs "all of them") and [a (b)](x_(y)).',
        'Or <https://example.org>, https://example.org/a?b=c.',
        '<a href="mailto:ada@example.org">mail</a> <a HREF=\'#top\'>',
      ].join('\r\n');
      expect(await links(text)).to.deep.equal([
        { url: '/docs', text: 'the docs', line: 1 },
        { url: 'x_(y)', text: 'a (b)', line: 1 },
        { url: 'https://example.org', line: 2 },
        { url: 'https://example.org/a?b=c', line: 2 },
        { url: 'mailto:ada@example.org', line: 3 },
        { url: '#top', line: 3 },
      ]);
    });

    it('finds none in code', async () => {
      await load('links');
      const fenced =
        '```sh\ncurl https://a.example\n~~~\n```\n`https://b.example` ``x ` https://c.example`` https://d.example';
      expect(await links(fenced)).to.deep.equal([{ url: 'https://d.example', line: 5 }]);
    });

    it('lists those that are wanted', async () => {
      await load('links', { only: 'internal' });
      const text = '[a](/a) [b](https://b.example) [c](mailto:c)';
      expect(await links(text)).to.deep.equal([{ url: '/a', text: 'a', line: 1 }]);
      expect(await links(text, { only: 'external' })).to.deep.equal([{ url: 'https://b.example', text: 'b', line: 1 }]);
      expect(await links(text, { only: 'some' })).to.equal('"only" is "some"; expected all, external, internal');
      expect(await links(text, { any: '' })).to.equal('unknown option "any"; known is: only');
    });

    it('takes no longer for text that nearly is a link', async () => {
      await load('links');
      const began = await ask('links', '[a]('.repeat(20_000) + '('.repeat(50_000) + '`'.repeat(50_000));
      expect(began.success).to.equal(true);
    });
  });

  describe('render', () => {
    it('fills a template with the options', async () => {
      await load('render');
      const template = 'Hello {{name}}!{{#gift}} Here is {{{gift}}}.{{/gift}}{{^gift}} Nothing.{{/gift}}';
      const { output } = await ask('render', template, { name: 'Ada & Bob', gift: 'a <b>' });
      expect(output).to.equal('Hello Ada &amp; Bob! Here is a <b>.');
      expect((await ask('render', template, { name: '' })).output).to.equal('Hello ! Nothing.');
    });

    it('says what is wrong with a template', async () => {
      await load('render');
      const { success, errorMessage } = await ask('render', 'a\n{{b}}');
      expect([success, errorMessage]).to.deep.equal([false, 'line 2: there is no value for "b"']);
    });

    it('does as it is configured, or does not start', async () => {
      await load('render', { missing: 'empty', escape: 'none' });
      expect((await ask('render', '[{{a}}{{b}}]', { b: '<' })).output).to.equal('[<]');
      const error: unknown = await load('render', { escape: 'sql' }).catch((reason: unknown) => reason);
      expect(error).to.include({ code: 'ERR_INVALID_ARGUMENT' });
    });
  });

  describe('timestamps', () => {
    it('brings times into one form, line by line', async () => {
      await load('timestamps', { zone: '+01:00' });
      const text = '10/Oct/2000:13:55:36 -0700\n\n2026-03-01 12:00\n1767225600\n';
      expect((await ask('timestamps', text)).output).to.equal(
        '2000-10-10T20:55:36Z\n\n2026-03-01T11:00:00Z\n2026-01-01T00:00:00Z',
      );
      expect((await ask('timestamps', '0', { in: '-0530' })).output).to.equal('1969-12-31T18:30:00-05:30');
    });

    it('says which line is no time', async () => {
      await load('timestamps');
      const { errorMessage } = await ask('timestamps', '2026-01-01\nyesterday');
      expect(errorMessage).to.equal('line 2: "yesterday" is no time that is understood');
      expect((await ask('timestamps', '0', { zone: 'CET' })).errorMessage).to.include('is no offset from UTC');
    });
  });
});
