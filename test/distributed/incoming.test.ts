import { expect } from 'chai';
import { toChunk, toChunkResult } from '../../src/distributed/incoming.ts';
import { thrown } from '../support/outcome.ts';

describe('what comes out of Redis', () => {
  const answer = { output: 'a', success: true };
  const failure = { code: 'ERR_TRAP', message: 'The plugin trapped' };

  const sound: readonly object[] = [
    { response: answer },
    { response: { ...answer, success: false, errorMessage: 'no' } },
    { error: failure, attempts: 2 },
    { error: { ...failure, code: 'ERR_OF_A_LATER_VERSION', hint: 'do' }, attempts: 0 },
    { error: { ...failure, message: 'No plugin is loaded as `\ud800`' }, attempts: 1 },
  ];
  for (const value of sound) {
    it(`may be the result ${JSON.stringify(value)}`, () => {
      expect(toChunkResult(1, JSON.stringify(value))).to.deep.equal(value);
    });
  }

  const forged: readonly (object | string | number | null)[] = [
    '',
    'nonsense',
    '{"response":',
    'null',
    '[]',
    '7',
    '"text"',
    {},
    { response: null },
    { response: {} },
    { response: [] },
    { response: { output: 'a' } },
    { response: { output: 7, success: true } },
    { response: { output: 'a', success: 'yes' } },
    { response: { ...answer, errorMessage: {} } },
    { response: { ...answer, output: '\ud800' } },
    { error: null, attempts: 1 },
    { error: {}, attempts: 1 },
    { error: failure },
    { error: failure, attempts: -1 },
    { error: failure, attempts: '1' },
    { error: { ...failure, code: 'toString' }, attempts: 1 },
    { error: { ...failure, code: 7 }, attempts: 1 },
    { error: { ...failure, message: { toString: 'x' } }, attempts: 1 },
    { error: { ...failure, hint: 1 }, attempts: 1 },
  ];
  for (const value of forged) {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    it(`is not believed to be the result ${text}`, () => {
      const error = thrown(() => toChunkResult(12, text));
      expect([error.code, error.message]).to.deep.equal([
        'ERR_BATCH_QUEUE',
        'Redis has a result of record 12 that is none',
      ]);
    });
  }

  const chunk = {
    form: 3,
    batch: 'b',
    chunk: 0,
    tenant: 't',
    recipe: {
      plugins: [{ name: 'echo', sha256: 'a'.repeat(64), config: { k: 'v' } }],
      plugin: 'echo',
      chain: ['echo'],
      deadlineMs: 5,
      retry: { attempts: 1, backoffMs: 0, maxBackoffMs: 0 },
      idempotent: false,
    },
    records: [{ index: 0, input: 'a', options: [['k', 'v']], plugin: 'echo' }],
  };
  const hopeless = (message: string): Error => new RangeError(message);

  it('may be a chunk', () => {
    expect(toChunk(chunk, hopeless)).to.equal(chunk);
  });

  const LINES = { kind: 'jsonl', output: 'jsonl', letters: 'no', options: [], firstIndex: 0, firstLine: 1, count: 1 };
  it('may be a chunk of lines', () => {
    const { records: _, ...rest } = chunk;
    expect(toChunk({ ...rest, lines: LINES }, hopeless)).to.deep.equal({ ...rest, lines: LINES });
  });

  const { recipe, records } = chunk;
  const broken: readonly [string, unknown][] = [
    ['nothing', undefined],
    ['a list', []],
    ['no batch', { ...chunk, batch: 7 }],
    ['a chunk without a number', { ...chunk, chunk: '0' }],
    ['no records', { ...chunk, records: {} }],
    ['a record without an input', { ...chunk, records: [{ index: 0 }] }],
    ['an input that is none', { ...chunk, records: [{ index: 0, input: '\udc00' }] }],
    ['a record without an index', { ...chunk, records: [{ ...records[0], index: -1 }] }],
    ['options that are none', { ...chunk, records: [{ ...records[0], options: [['k']] }] }],
    ['no recipe', { ...chunk, recipe: null }],
    ['no plugins', { ...chunk, recipe: { ...recipe, plugins: {} } }],
    ['a hash that is a key', { ...chunk, recipe: { ...recipe, plugins: [{ ...recipe.plugins[0], sha256: 'a:*' }] } }],
    ['a configuration that is none', { ...chunk, recipe: { ...recipe, plugins: [{ name: 'x', config: null }] } }],
    ['a chain that is none', { ...chunk, recipe: { ...recipe, chain: 'echo' } }],
    ['no attempts', { ...chunk, recipe: { ...recipe, retry: { ...recipe.retry, attempts: 0 } } }],
    ['more attempts than there may be', { ...chunk, recipe: { ...recipe, retry: { ...recipe.retry, attempts: 1e9 } } }],
    [
      'a pause longer than timers are',
      { ...chunk, recipe: { ...recipe, retry: { ...recipe.retry, backoffMs: 2 ** 40 } } },
    ],
    ['retries of another kind', { ...chunk, recipe: { ...recipe, retry: { ...recipe.retry, jitter: 1 } } }],
    ['a deadline that is over', { ...chunk, recipe: { ...recipe, deadlineMs: 0 } }],
    ['a plugin without a name', { ...chunk, recipe: { ...recipe, plugin: '' } }],
    ['a chain without a name', { ...chunk, recipe: { ...recipe, chain: [''] } }],
    ['retries that are none', { ...chunk, recipe: { ...recipe, retry: {} } }],
    ['lines, and records that nobody looks at', { ...chunk, lines: LINES, records: [7] }],
    ['no lines at all', { ...chunk, lines: { ...LINES, count: 0 }, records: undefined }],
    ['more lines than there are numbers', { ...chunk, lines: { ...LINES, count: 2 ** 53 - 1 }, records: undefined }],
    ['no lines of its own', { ...chunk, lines: { ...LINES, count: -1 }, records: undefined }],
  ];
  for (const [name, data] of broken) {
    it(`is not believed to be a chunk where it has ${name}`, () => {
      expect(() => toChunk(data, hopeless)).to.throw(RangeError);
    });
  }

  it('is no chunk of another version: those have queues of their own', () => {
    expect(() => toChunk({ ...chunk, form: 4 }, hopeless)).to.throw(
      RangeError,
      'The chunk has form 4 in the queue of form 3',
    );
  });
});
