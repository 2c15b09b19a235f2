import { expect } from 'chai';
import { defineBatchPlugin, defineBytesPlugin, definePlugin, Refusal } from '../../src/guest/define-plugin.ts';

const DEFAULTS = { name: 'p', version: '1.0.0', description: 'd', process: () => '' };
const REQUEST = { input: 'a', options: [] };

/** What a call throws. */
function thrown(run: () => void): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('definePlugin', () => {
  it('answers with a text, a whole answer or a refusal', () => {
    const answer = (process: Parameters<typeof definePlugin>[0]['process']) =>
      definePlugin({ ...DEFAULTS, process }).process(REQUEST);
    expect(answer(({ input }) => `${input}!`)).to.deep.equal({ output: 'a!', success: true, errorMessage: undefined });
    const whole = { output: 'b', success: false, errorMessage: 'half' };
    expect(answer(() => whole)).to.equal(whole);
    const refused = answer(() => {
      throw new Refusal('not this');
    });
    expect(refused).to.deep.equal({ output: '', success: false, errorMessage: 'not this' });
  });

  it('lets other errors through, which end the instance', () => {
    const bug = new TypeError('bug');
    const { process } = definePlugin({
      ...DEFAULTS,
      process: () => {
        throw bug;
      },
    });
    expect(thrown(() => process(REQUEST))).to.equal(bug);
  });

  it('throws the reasons of initialize and shutdown as strings, the errors of the contract', () => {
    const fail = () => {
      throw new Error('no');
    };
    const { initialize, shutdown } = definePlugin({ ...DEFAULTS, initialize: fail, shutdown: fail });
    expect([thrown(() => initialize([])), thrown(shutdown)]).to.deep.equal(['no', 'no']);
  });

  it('needs neither initialize nor shutdown', () => {
    const { initialize, shutdown, getMetadata } = definePlugin(DEFAULTS);
    expect([initialize([]), shutdown()]).to.deep.equal([undefined, undefined]);
    expect(getMetadata()).to.deep.equal({ name: 'p', version: '1.0.0', description: 'd' });
  });
});

describe('defineBytesPlugin', () => {
  const LIFE = { name: 'p', version: '1.0.0', description: 'd' };

  it('gives what the plugin gives, and the message of a refusal as the err', () => {
    const api = defineBytesPlugin({
      ...LIFE,
      processBytes(input, options) {
        if (input.length === 0) throw new Refusal('no bytes');
        if (input.length === 1) throw new TypeError('a bug');
        return input.map((byte) => byte + options.length);
      },
    });
    expect(api.processBytes(new Uint8Array([1, 2]), [['a', 'b']])).to.deep.equal(new Uint8Array([2, 3]));
    expect(thrown(() => api.processBytes(new Uint8Array(0), []))).to.equal('no bytes');
    expect(thrown(() => api.processBytes(new Uint8Array(1), []))).to.be.instanceOf(TypeError);
    expect(api.getMetadata()).to.deep.equal(LIFE);
  });
});

describe('defineBatchPlugin', () => {
  it('takes outputs and whole answers', () => {
    const api = defineBatchPlugin({
      name: 'p',
      version: '1.0.0',
      description: 'd',
      processBatch: (requests) =>
        requests.map(({ input }) => (input === '' ? { output: '', success: false, errorMessage: 'empty' } : input)),
    });
    expect(api.processBatch([REQUEST, { input: '', options: [] }])).to.deep.equal([
      { output: 'a', success: true, errorMessage: undefined },
      { output: '', success: false, errorMessage: 'empty' },
    ]);
  });
});
