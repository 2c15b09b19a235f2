import { expect } from 'chai';
import { formatReference, originOf, parseReference } from '../../src/oci/reference.ts';
import { thrown } from '../support/outcome.ts';

const DIGEST = `sha256:${'0'.repeat(64)}`;

describe('a reference to an artifact', () => {
  it('names a registry, a repository, and a tag or a digest', () => {
    expect(parseReference('oci://registry.example.org:5000/acme/tools/redact:1.2')).to.deep.equal({
      registry: 'registry.example.org:5000',
      repository: 'acme/tools/redact',
      tag: '1.2',
      digest: undefined,
    });
    expect(parseReference('OCI://example.org/redact')).to.include({ tag: 'latest', digest: undefined });
    expect(parseReference(`oci://example.org/redact@${DIGEST}`)).to.include({ tag: undefined, digest: DIGEST });
    expect(parseReference(`oci://example.org/redact:1@${DIGEST}`)).to.include({ tag: '1', digest: DIGEST });
  });

  it('is written as it is read', () => {
    for (const text of ['oci://example.org/a/b:1', `oci://[::1]:5000/a@${DIGEST}`, `oci://a/b:c@${DIGEST}`]) {
      expect(formatReference(parseReference(text))).to.equal(text);
    }
  });

  it('is asked by HTTPS, but on this machine', () => {
    expect(originOf(parseReference('oci://example.org/a'))).to.equal('https://example.org');
    expect(originOf(parseReference('oci://docker.io/acme/a'))).to.equal('https://registry-1.docker.io');
    for (const host of ['localhost:5000', '127.0.0.1:5000', '[::1]:5000']) {
      expect(originOf(parseReference(`oci://${host}/a`))).to.equal(`http://${host}`);
    }
    expect(originOf(parseReference('oci://localhost.example.org/a'))).to.equal('https://localhost.example.org');
    expect(originOf(parseReference('oci://127.0.0.1.example.org/a'))).to.equal('https://127.0.0.1.example.org');
  });

  const odd = [
    'oci://',
    'oci:///a',
    'oci://example.org',
    'oci://example.org/',
    'oci://example.org/Upper:1',
    'oci://example.org/a/../b:1',
    'oci://example.org/a//b:1',
    'oci://user:password@example.org/a:1',
    'oci://example.org/a:',
    'oci://example.org/a:b:c',
    'oci://example.org/a@sha256:0',
    `oci://example.org/a@sha512:${'0'.repeat(128)}`,
    'oci://example.org/a:1?x=y',
    'oci://example.org/a:1#b',
    'oci://example.org:port/a:1',
    'oci://exa mple.org/a:1',
    'oci://example.org:99999/a:1',
    'oci://999.999.999.999/a:1',
    'oci://example.org/a\n:1',
  ];
  for (const text of odd) {
    it(`is not ${JSON.stringify(text)}`, () => {
      expect(thrown(() => parseReference(text)).code).to.equal('ERR_INVALID_ARGUMENT');
    });
  }
});
