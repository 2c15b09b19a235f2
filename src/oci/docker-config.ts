import { execFile } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readRegularFile } from '../arguments/regular-file.ts';
import { isError } from '../text/is-error.ts';
import { RegistryFault } from './errors.ts';

/** As whom a registry is asked. */
export type Credentials =
  | { readonly username: string; readonly password: string }
  /** What a registry gave at `docker login`, to get tokens with. */
  | { readonly identityToken: string };

const MAX_CONFIG_BYTES = 1024 * 1024;
const HELPER_TIMEOUT_MS = 30_000;
/** Under which name Docker keeps its own registry. */
const DOCKER_HUB = 'https://index.docker.io/v1/';
const DOCKER_HUB_NAMES: readonly string[] = ['docker.io', 'index.docker.io', 'registry-1.docker.io'];

/**
 * What `docker login` (or `oras`, `wkg`, `crane`) has kept for a registry: in `config.json` of the directory `DOCKER_CONFIG`, else
 * of `~/.docker`, or with the helper that it names.
 *
 * @throws {RegistryFault} for a configuration that cannot be read: asking as nobody would fail with a riddle.
 */
export async function credentialsOf(registry: string): Promise<Credentials | undefined> {
  const path = join(process.env.DOCKER_CONFIG || join(homedir(), '.docker'), 'config.json');
  const config = await readConfig(path);
  const name = DOCKER_HUB_NAMES.includes(registry) ? DOCKER_HUB : registry;
  const helper = field(config.credHelpers, name) ?? config.credsStore;
  if (typeof helper === 'string' && helper !== '') return await askHelper(helper, name);
  const entry = field(config.auths, name) ?? field(config.auths, `https://${registry}`);
  return entry === undefined ? undefined : entryCredentials(path, registry, entry);
}

async function readConfig(path: string): Promise<Record<string, unknown>> {
  const bytes = await readRegularFile(path, MAX_CONFIG_BYTES).catch((error: unknown) => {
    if (isError(error) && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
    throw new RegistryFault(`the configuration \`${path}\` cannot be read`, { cause: error });
  });
  if (bytes === undefined) return {};
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below, without a piece of the text: there are secrets in it.
  }
  throw new RegistryFault(`the configuration \`${path}\` is not JSON`);
}

function field(object: unknown, name: string): unknown {
  return typeof object === 'object' && object !== null && Object.hasOwn(object, name)
    ? (object as Record<string, unknown>)[name]
    : undefined;
}

function entryCredentials(path: string, registry: string, entry: unknown): Credentials | undefined {
  const identityToken = field(entry, 'identitytoken');
  if (typeof identityToken === 'string' && identityToken !== '') return { identityToken };
  const auth = field(entry, 'auth');
  if (typeof auth !== 'string' || auth === '') return isDeepStrictEqual(entry, {}) ? undefined : pairOf(entry);
  const [, username, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(auth, 'base64').toString()) ?? [];
  if (username !== undefined && password !== undefined) return { username, password };
  throw new RegistryFault(`the configuration \`${path}\` has no user and password for ${registry} in \`auth\``);
}

/** What some tools write instead of `auth`. */
function pairOf(entry: unknown): Credentials | undefined {
  const username = field(entry, 'username');
  const password = field(entry, 'password');
  return typeof username === 'string' && typeof password === 'string' ? { username, password } : undefined;
}

/** Asks `docker-credential-HELPER get`, whose protocol is that of docker-credential-helpers. */
async function askHelper(helper: string, registry: string): Promise<Credentials | undefined> {
  const command = `docker-credential-${helper}`;
  if (!/^[\w.-]+$/.test(helper)) throw new RegistryFault('the configuration names a credential helper that is no name');
  const { error, stdout } = await new Promise<{ error: Error | null; stdout: string }>((resolve) => {
    const options = { timeout: HELPER_TIMEOUT_MS, maxBuffer: MAX_CONFIG_BYTES, windowsHide: true };
    const child = execFile(command, ['get'], options, (error, stdout) => resolve({ error, stdout }));
    // One that ends without reading is told of by its status.
    child.stdin?.on('error', () => {});
    child.stdin?.end(registry);
  });
  // A helper says so on stdout where it has nothing, and with the same status as for a fault.
  if (error !== null && /credentials not found/i.test(stdout)) return undefined;
  try {
    if (error !== null) throw error;
    const { Username: username, Secret: secret } = JSON.parse(stdout) as Record<string, unknown>;
    if (typeof username !== 'string' || typeof secret !== 'string') throw new TypeError('It gives no pair.');
    return username === '<token>' ? { identityToken: secret } : { username, password: secret };
  } catch (cause) {
    throw new RegistryFault(`\`${command} get\` did not give the credentials of ${registry}`, { cause });
  }
}
