import { readFile, stat } from 'node:fs/promises';
import { canonical } from '../../../policy/ip-address.ts';

/** Where the system keeps its names; the thread has no environment to ask for `SystemRoot`. */
export const HOSTS_FILE: string =
  process.platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts';

/** The hosts file, read anew when it has changed. A file that cannot be read names nothing. */
export class Hosts {
  readonly #file: string;
  #changed = Number.NaN;
  #addresses: ReadonlyMap<string, readonly string[]> = new Map();

  constructor(file: string) {
    this.#file = file;
  }

  async lookup(name: string): Promise<readonly string[] | undefined> {
    try {
      const { mtimeMs } = await stat(this.#file);
      if (mtimeMs !== this.#changed) {
        this.#addresses = parse(await readFile(this.#file, 'utf8'));
        this.#changed = mtimeMs;
      }
    } catch {
      this.#addresses = new Map();
      this.#changed = Number.NaN;
    }
    return this.#addresses.get(name);
  }
}

function parse(text: string): ReadonlyMap<string, readonly string[]> {
  const addresses = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address, ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    const known = canonical(address ?? '');
    if (known === undefined) continue;
    for (const name of names) {
      const key = name.toLowerCase();
      const list = addresses.get(key);
      if (list === undefined) addresses.set(key, [known]);
      else if (!list.includes(known)) list.push(known);
    }
  }
  return addresses;
}
