import { expect } from 'chai';
import type { ArtifactSummary } from '../../src/artifact/artifact.ts';
import { PluginError } from '../../src/errors.ts';
import { exportedFunction } from '../../src/request/exported-function.ts';
import { pluginObject } from '../../src/request/plugin-object.ts';

const func = (path: string, params = 1): ArtifactSummary['functions'][number] => {
  const at = path.indexOf('#');
  const name = path.slice(at + 1);
  const names = Array.from({ length: params }, (_, index) => ({ name: `p${index}` }));
  return { path, name, params: names, returns: 'value', ...(at > 0 && { interface: path.slice(0, at) }) };
};

const FUNCTIONS = [
  func('acme:app/pricing@1.0.0#quote'),
  func('acme:app/pricing@1.10.0#quote'),
  func('acme:app/pricing@1.9.0#quote'),
  func('acme:app/pricing@2.0.0#quote-all', 2),
  func('acme:app/other#run', 0),
  func('run-it', 0),
];

describe('the function that a path means', () => {
  const cases: [path: string, found: string | undefined][] = [
    ['acme:app/pricing@1.0.0#quote', 'acme:app/pricing@1.0.0#quote'],
    ['acme:app/pricing#quote', 'acme:app/pricing@1.10.0#quote'],
    ['acme:app/pricing@1#quote', 'acme:app/pricing@1.10.0#quote'],
    ['acme:app/pricing@1.9#quote', 'acme:app/pricing@1.9.0#quote'],
    ['acme:app/pricing@1.4.2#quote', 'acme:app/pricing@1.10.0#quote'],
    ['acme:app/pricing@1.11.0#quote', undefined],
    ['acme:app/pricing@1.1#quote', undefined],
    ['acme:app/pricing@3#quote', undefined],
    ['acme:app/pricing#quote-all', 'acme:app/pricing@2.0.0#quote-all'],
    ['acme:app/pricing@1#quote-all', undefined],
    ['acme:app/other@1#run', 'acme:app/other#run'],
    ['run-it', 'run-it'],
    ['quote', undefined],
    ['#quote', undefined],
  ];
  for (const [path, found] of cases) {
    it(`of ${path} is ${found ?? 'none'}`, () => {
      const find = (): string => exportedFunction(FUNCTIONS, path).path;
      if (found === undefined) expect(find).to.throw(PluginError).with.property('code', 'ERR_INVALID_ARGUMENT');
      else expect(find()).to.equal(found);
    });
  }
});

describe('pluginObject', () => {
  let functions = FUNCTIONS;
  const calls: unknown[] = [];
  const plugin = pluginObject(
    () => functions,
    async (...call) => void calls.push(call),
  ) as Record<string, Record<string, (...args: unknown[]) => unknown>> & { runIt(...args: unknown[]): unknown };
  afterEach(() => {
    functions = FUNCTIONS;
    calls.length = 0;
  });

  it('has functions in camel case, by the names of their interfaces with or without a version', () => {
    plugin['acme:app/pricing@1']!.quote!('a');
    plugin['acme:app/pricing']!.quoteAll!('a', 'b');
    plugin['acme:app/other']!.run!();
    plugin.runIt();
    expect(calls).to.deep.equal([
      ['acme:app/pricing@1.10.0#quote', ['a'], undefined],
      ['acme:app/pricing@2.0.0#quote-all', ['a', 'b'], undefined],
      ['acme:app/other#run', [], undefined],
      ['run-it', [], undefined],
    ]);
  });

  it('takes the options of a request after the arguments', () => {
    plugin.runIt({ deadlineMs: 5 });
    expect(calls).to.deep.equal([['run-it', [], { deadlineMs: 5 }]]);
  });

  it('is no promise, and has nothing that objects inherit', async () => {
    expect(await Promise.resolve(plugin)).to.equal(plugin);
    expect(plugin.toString).to.equal(undefined);
    expect(plugin['acme:app/nothing']).to.equal(undefined);
    expect(plugin['acme:app/other']!.constructor).to.equal(undefined);
  });

  it('shows what is there, and follows a reload', () => {
    expect(Object.keys(plugin)).to.deep.equal([
      'acme:app/pricing@1.0.0',
      'acme:app/pricing@1.10.0',
      'acme:app/pricing@1.9.0',
      'acme:app/pricing@2.0.0',
      'acme:app/other',
      'runIt',
    ]);
    functions = [func('stop', 0)];
    expect(Object.keys(plugin)).to.deep.equal(['stop']);
    expect(plugin.runIt).to.equal(undefined);
  });
});
