import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { livesWithSuite } from '../support/processes.ts';

const NAME = 'docker-registry';

/** The registry on the PATH; installed by the script where it may be. Undefined where there is none. */
export function findRegistry(): string | undefined {
  const find = (): string | undefined =>
    (process.env.PATH ?? '')
      .split(delimiter)
      .map((folder) => join(folder, NAME))
      .find((path) => existsSync(path));
  const found = find();
  if (found !== undefined) return found;
  try {
    const script = new URL('../../scripts/install-server.sh', import.meta.url).pathname;
    execFileSync('bash', [script, 'registry'], { stdio: 'ignore' });
  } catch {
    // Nobody may install anything here.
  }
  const installed = find();
  if (installed === undefined) process.stderr.write(`${NAME} is not here: tests that need a registry are left out\n`);
  return installed;
}

/** A registry of its own, on loopback, whose artifacts go with it. */
export class RegistryServer {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'wasm-plugin-pool-registry-'));
  readonly #path: string;
  readonly #htpasswd: string | undefined;
  #process: ChildProcess | undefined;
  /** Host and port. */
  host = '';

  /** @param htpasswd Who may use it: a line of a file as Apache has it, with bcrypt. @default anybody */
  constructor(path: string, htpasswd?: string) {
    this.#path = path;
    this.#htpasswd = htpasswd;
  }

  async start(): Promise<void> {
    const config = join(this.folder, 'config.yml');
    const users = join(this.folder, 'htpasswd');
    const lines = [
      'version: 0.1',
      'log: { level: info, formatter: text, accesslog: { disabled: true } }',
      `storage: { filesystem: { rootdirectory: '${join(this.folder, 'data')}' } }`,
      'http: { addr: 127.0.0.1:0 }',
    ];
    if (this.#htpasswd !== undefined) {
      writeFileSync(users, `${this.#htpasswd}\n`);
      lines.push(`auth: { htpasswd: { realm: tests, path: '${users}' } }`);
    }
    writeFileSync(config, `${lines.join('\n')}\n`);
    const child = spawn(this.#path, ['serve', config], { stdio: ['ignore', 'ignore', 'pipe'] });
    livesWithSuite(child);
    this.#process = child;
    this.host = await new Promise<string>((resolve, reject) => {
      let said = '';
      child.once('exit', () => reject(new Error(`The registry did not start: ${said}`)));
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        const [, host] = /listening on (127\.0\.0\.1:\d+)/.exec(said) ?? [];
        if (host !== undefined) resolve(host);
      });
    });
  }

  async end(): Promise<void> {
    const child = this.#process;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
