import { expect } from 'chai';
import type { Artifact } from '../../src/artifact/artifact.ts';
import { decodeArtifact, encodeArtifact } from '../../src/artifact/codec.ts';

const artifact: Artifact = {
  footprint: { types: [1, 2 ** 52], codeBytes: 3 },
  sha256: 'ab'.repeat(32),
  key: 'cd'.repeat(32),
  contract: {
    world: 'plugin-v1',
    exportName: 'a:b/c@1.0.0',
    hostApi: undefined,
    wasi: ['wasi:io/poll@0.2.0'],
    needs: [],
  },
  summary: {
    bytes: 5,
    imports: ['ü'],
    exports: [],
    functions: [],
    types: [],
    memories: [],
    maxBytes: 0,
    features: ['gc'],
  },
  binding: { kind: 'glue', glue: 'export function instantiate() { return "𝄞"; }', reason: 'it uses ü' },
  modules: [
    { name: 'plugin.core.wasm', bytes: Uint8Array.of(0, 97, 115, 109) },
    { name: 'plugin.core2.wasm', bytes: new Uint8Array(0) },
    { name: 'plugin.core3.wasm', bytes: Uint8Array.of(255) },
  ],
};

/** As JSON has it: without what is undefined, and typed arrays as what they hold. */
function plain({ modules, ...rest }: Artifact): unknown {
  return JSON.parse(JSON.stringify({ ...rest, modules: modules.map((m) => [m.name, ...m.bytes]) }));
}

describe('the encoding of artifacts', () => {
  it('comes back as it was', async () => {
    const decoded = await decodeArtifact(Buffer.from(await encodeArtifact(artifact)), artifact.key);
    expect(decoded && plain(decoded)).to.deep.equal(plain(artifact));
  });

  it('comes back with a plan', async () => {
    const direct: Artifact = {
      ...artifact,
      binding: {
        kind: 'direct',
        plan: { types: [{ kind: 'u8' }], signatures: [], instances: 1, initializers: [], exports: [] },
      },
    };
    const decoded = await decodeArtifact(Buffer.from(await encodeArtifact(direct)), direct.key);
    expect(decoded?.binding).to.deep.equal(direct.binding);
    expect(decoded && plain(decoded)).to.deep.equal(plain(direct));
  });

  it('is refused under another key', async () => {
    expect(await decodeArtifact(Buffer.from(await encodeArtifact(artifact)), 'ef'.repeat(32))).to.equal(undefined);
  });

  it('is refused when any byte differs', async () => {
    const file = Buffer.from(await encodeArtifact(artifact));
    for (let index = 0; index < file.length; index++) {
      const damaged = Buffer.from(file);
      damaged[index] = damaged[index]! ^ 0x10;
      expect(await decodeArtifact(damaged, artifact.key), `byte ${index}`).to.equal(undefined);
    }
  });

  it('is refused when it ends early or late', async () => {
    const file = Buffer.from(await encodeArtifact(artifact));
    for (let length = 0; length < file.length; length++) {
      expect(await decodeArtifact(Buffer.from(file.subarray(0, length)), artifact.key)).to.equal(undefined);
    }
    expect(await decodeArtifact(Buffer.concat([file, Buffer.of(0)]), artifact.key)).to.equal(undefined);
  });
});
