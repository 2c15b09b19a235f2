import { expect } from 'chai';
import { definePlugin, Refusal } from '../../src/guest/define-plugin.ts';

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
