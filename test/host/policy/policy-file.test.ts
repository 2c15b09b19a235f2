import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readPolicyFile } from '../../../src/host/policy/policy-file.ts';
import { rejection } from '../../support/outcome.ts';

describe('readPolicyFile', () => {
  let directory: string;
  const file = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'policy-file-'));
  });
  after(() => rmSync(directory, { recursive: true }));

  it('gives back what the file says', async () => {
    const policy = { allowFsRead: [{ directory: '/srv', mount: '/data' }], cpuTimeLimitMs: 200, instances: 'fresh' };
    expect(await readPolicyFile(file('policy.json', JSON.stringify(policy)))).to.deep.equal(policy);
    expect(await readPolicyFile(file('empty.json', '{}'))).to.deep.equal({});
  });

  const wrong: readonly (readonly [name: string, text: string, message: RegExp])[] = [
    ['not.json', '{"maxMemoryBytes": }', /^The policy `.*not\.json` is not JSON: /],
    ['nothing.json', '', /^The policy `.*nothing\.json` is not JSON: /],
    ['word.json', '"standard"', /^The policy `.*word\.json` is not an object$/],
    ['list.json', '[]', /is not an object$/],
    ['null.json', 'null', /is not an object$/],
    ['misspelt.json', '{"maxMemory": 1}', /is not valid: `sandbox` has no option `maxMemory`$/],
    ['proto.json', '{"__proto__": {"allowRandom": false}}', /is not valid: `sandbox` has no option `__proto__`$/],
    ['small.json', '{"maxMemoryBytes": 1}', /is not valid: Expected `sandbox\.maxMemoryBytes` to be a whole number/],
  ];
  for (const [name, text, message] of wrong) {
    it(`says what is wrong with ${name}`, async () => {
      const error = await rejection(readPolicyFile(file(name, text)));
      expect(error.code).to.equal('ERR_INVALID_ARGUMENT');
      expect(error.message).to.match(message);
    });
  }

  it('says why a file cannot be read, and waits for none', async () => {
    mkdirSync(join(directory, 'folder'));
    execFileSync('sh', ['-c', 'mkfifo "$0"', join(directory, 'fifo')]);
    truncateSync(file('huge.json', '{}'), 2 ** 40);
    const reasons = {
      none: /: no such file or directory$/,
      folder: /: it is a directory$/,
      fifo: /: it is not a regular file$/,
      'huge.json': /: it has 1099511627776 bytes; the limit is 1048576$/,
    };
    for (const [name, reason] of Object.entries(reasons)) {
      const error = await rejection(readPolicyFile(join(directory, name)));
      expect([error.code, error.hint]).to.deep.equal([
        'ERR_INVALID_ARGUMENT',
        'A policy is one of restricted, standard, or the path of a JSON file.',
      ]);
      expect(error.message).to.match(reason);
    }
  });
});
