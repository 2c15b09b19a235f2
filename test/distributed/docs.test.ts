import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { blocksOf, commandsOf, matching, promisedBy, ROOT } from '../docs/blocks.ts';
import { findServer, RedisServer } from './redis-server.ts';

const server = findServer();
const root = fileURLToPath(ROOT);

if (server !== undefined) {
  describe('the code in docs/scaling.md', function () {
    this.timeout(120_000);
    const redis = new RedisServer(server);
    let folder = '';

    before(async () => {
      await redis.start();
      folder = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-scaling-'));
      await mkdir(join(folder, 'bin'));
      await mkdir(join(folder, 'examples'));
      await symlink(join(root, 'examples/plugins'), join(folder, 'examples/plugins'));
      const npx = `#!/bin/sh\nshift\nexec '${process.execPath}' '${join(root, 'src/cli/main.ts')}' "$@"\n`;
      await writeFile(join(folder, 'bin/npx'), npx, { mode: 0o755 });
    });
    after(async () => {
      await redis.stop();
      await rm(folder, { recursive: true });
    });

    const run = (file: string, args: readonly string[]): Promise<string> => {
      const path = `${join(folder, 'bin')}${delimiter}${process.env.PATH}`;
      const env = { ...process.env, PATH: path, REDIS_URL: redis.url, NO_COLOR: '1' };
      return new Promise((resolve, reject) => {
        const child = execFile(file, args, { cwd: folder, env }, (error, stdout, stderr) => {
          if (error === null) resolve(stdout);
          else reject(new Error(`${error.message}\n${stdout}${stderr}`));
        });
        child.stdin?.end();
      });
    };

    it('runs', async () => {
      for (const { place, language, text } of await blocksOf('docs/scaling.md', ['ts', 'console'])) {
        if (language === 'ts') {
          const source = text.replaceAll(
            `'wasm-plugin-pool/distributed'`,
            `'${new URL('src/distributed/index.ts', ROOT)}'`,
          );
          const printed = await run(process.execPath, ['--input-type=module-typescript', '--eval', source]);
          expect(printed.trimEnd().split('\n'), place).to.deep.equal(promisedBy(text));
          continue;
        }
        for (const { line, prints } of commandsOf(text)) {
          // What goes on in the background must not hold the pipe.
          const command = line.replace(' & ', ' >worker.log 2>&1 & ');
          expect((await run('sh', ['-c', command])).trimEnd(), `${place}: ${line}`).to.match(matching(prints));
        }
      }
    });
  });
}
