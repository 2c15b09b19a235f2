import { expect } from 'chai';
import type { Artifact } from '../../src/artifact/artifact.ts';
import { type CompiledArtifact, ComponentCache } from '../../src/artifact/component-cache.ts';

/** A component that counts as so many bytes, which are even. */
function component(key: string, bytes: number): CompiledArtifact {
  const module = { name: 'core.wasm', bytes: new Uint8Array(bytes / 2) };
  return {
    artifact: { key, binding: { kind: 'glue', glue: '' }, modules: [module] } as unknown as Artifact,
    modules: new Map(),
  };
}

describe('ComponentCache', () => {
  it('keeps what fits, and drops what was not used for longest', () => {
    const cache = new ComponentCache(100);
    const [a, b, c] = [component('a', 40), component('b', 40), component('c', 40)];
    cache.set(a);
    cache.set(b);
    expect([cache.get('a'), cache.bytes]).to.deep.equal([a, 80]);
    cache.set(c);
    expect([cache.get('a'), cache.get('b'), cache.get('c'), cache.bytes]).to.deep.equal([a, undefined, c, 80]);
  });

  it('does not keep what is larger than all of it', () => {
    const cache = new ComponentCache(100);
    cache.set(component('small', 60));
    cache.set(component('large', 102));
    expect([cache.get('large'), cache.get('small') === undefined, cache.bytes]).to.deep.equal([undefined, false, 60]);
  });

  it('keeps nothing when it has no bytes', () => {
    const cache = new ComponentCache(0);
    cache.set(component('a', 2));
    expect([cache.get('a'), cache.bytes]).to.deep.equal([undefined, 0]);
  });

  it('is empty after it was cleared', () => {
    const cache = new ComponentCache(100);
    cache.set(component('a', 40));
    cache.clear();
    expect([cache.get('a'), cache.bytes]).to.deep.equal([undefined, 0]);
  });
});
