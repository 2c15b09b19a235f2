import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { ended, jsonl, Workplace } from '../cli/cli.ts';
import { echo } from '../fixtures/guests.ts';
import { findServer, RedisServer } from './redis-server.ts';

const server = findServer();

if (server !== undefined) {
  describe('wasm-plugin-pool submit and worker', function () {
    this.timeout(120_000);
    const redis = new RedisServer(server);
    const workplace = new Workplace();
    before(async () => {
      await redis.start();
      await workplace.file('echo.wasm', echo);
    });
    after(() => redis.stop());

    it('run a file, and end when they are asked to', async () => {
      const input = Array.from({ length: 300 }, (_, index) => `${JSON.stringify({ input: `${index}` })}\n`).join('');
      await workplace.file('in.jsonl', input);
      const at = ['--redis', redis.url, '--queue', 'cli'];
      const worker = workplace.start(['worker', '--threads', '1', ...at]);
      await once(worker.stderr, 'data');
      const files = ['--input', 'in.jsonl', '--output', 'out.jsonl', '--ordered', '--chunk', '50'];
      const { status, stderr } = await workplace.run(['submit', 'echo.wasm', ...files, '--config', 'prefix=>', ...at]);
      expect(stderr).to.match(/^300 records in .*: 300 succeeded\n$/m);
      expect(status).to.equal(0);
      const results = jsonl(await readFile(workplace.path('out.jsonl'), 'utf8'));
      expect(results.map(({ output }) => output)).to.deep.equal(Array.from({ length: 300 }, (_, index) => `>${index}`));
      const last = ended(worker);
      worker.kill('SIGTERM');
      const { status: drained, stderr: said } = await last;
      expect(said).to.match(/Giving back what is not done\.\n(.*\n)*300 records in 6 chunks\n$/);
      expect(drained).to.equal(0);
    });

    it('say what is wrong with their options', async () => {
      const refused = await workplace.run(['worker', '--tenant-rate', 'acme=fast']);
      expect([refused.status, refused.stderr]).to.deep.equal([
        2,
        "error: Expected `--tenant-rate` to be tenant=records in a second, got `'fast'` (string). (ERR_INVALID_ARGUMENT)\n",
      ]);
      const missing = await workplace.run(['submit', 'nowhere.wasm', '--input', 'in.jsonl']);
      expect([missing.status, missing.stderr]).to.deep.equal([
        2,
        'error: Cannot read the plugin `nowhere.wasm`: there is no such file. (ERR_INVALID_ARGUMENT)\n',
      ]);
    });
  });
}
