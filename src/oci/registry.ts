import { createHash, hash } from 'node:crypto';
import { authorize, parseChallenge } from './authorization.ts';
import { credentialsOf } from './docker-config.ts';
import { RegistryFault } from './errors.ts';
import { type Descriptor, MANIFEST_TYPES, MAX_MANIFEST_BYTES } from './manifest.ts';
import { type OciReference, originOf } from './reference.ts';
import { ask, type ExchangeOptions, type RegistryAnswer, type RegistryRequest } from './transport.ts';

/** A manifest as the registry has it. */
export interface FetchedManifest {
  readonly digest: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * One repository of a registry: the part of the OCI distribution specification (1.1) that artifacts need. What it gives is what its
 * digest says, whoever sent it.
 */
export class Repository {
  readonly #origin: URL;
  readonly #reference: OciReference;
  readonly #actions: 'pull' | 'pull,push';
  readonly #exchange: ExchangeOptions;
  #authorization: string | undefined;

  /** @param actions What is to be done with it; a registry gives rights for no more. */
  constructor(reference: OciReference, actions: 'pull' | 'pull,push', exchange: ExchangeOptions = {}) {
    this.#origin = new URL(originOf(reference));
    this.#reference = reference;
    this.#actions = actions;
    this.#exchange = exchange;
  }

  /** @returns undefined where there is none. */
  async findManifest(tagOrDigest: string): Promise<FetchedManifest | undefined> {
    const answer = await this.#ask({
      method: 'GET',
      url: this.#url(`manifests/${tagOrDigest}`),
      headers: { accept: MANIFEST_TYPES.join(', ') },
    });
    if (answer.status === 404) {
      await answer.drop();
      return undefined;
    }
    await expectOk(answer);
    const bytes = await answer.bytes(MAX_MANIFEST_BYTES);
    const digest = digestOf(bytes);
    if (tagOrDigest.startsWith('sha256:') && tagOrDigest !== digest) {
      throw new RegistryFault(`the manifest is ${digest} and not ${tagOrDigest}`, TAMPERED);
    }
    return { digest, bytes };
  }

  /** @throws {RegistryFault} also where there is none. */
  async manifest(tagOrDigest: string): Promise<FetchedManifest> {
    const found = await this.findManifest(tagOrDigest);
    if (found !== undefined) return found;
    throw new RegistryFault('there is no such artifact', { status: 404, hint: 'Look at its name and its tag.' });
  }

  /** What a descriptor names: as many bytes as it says, with the digest that it says. */
  async blob({ digest, size }: Descriptor): Promise<Uint8Array<ArrayBuffer>> {
    const answer = await this.#ask({ method: 'GET', url: this.#url(`blobs/${digest}`) });
    await expectOk(answer);
    // Hashed and put in its place as it comes, so that the thread is never held by all of it (invariant 5).
    const bytes = new Uint8Array(size);
    const hash = createHash('sha256');
    let length = 0;
    for await (const piece of answer.pieces(size)) {
      bytes.set(piece, length);
      hash.update(piece);
      length += piece.length;
    }
    if (length !== size) throw new RegistryFault(`a layer of ${size} bytes ends after ${length}`);
    const actual = `sha256:${hash.digest('hex')}`;
    if (actual !== digest) throw new RegistryFault(`a layer is ${actual} and not ${digest}`, TAMPERED);
    return bytes;
  }

  /** Sends bytes, unless they are there. */
  async uploadBlob(bytes: Uint8Array<ArrayBuffer>, digest: string): Promise<void> {
    const there = await this.#ask({ method: 'HEAD', url: this.#url(`blobs/${digest}`) });
    await there.drop();
    if (there.ok) return;
    const begun = await this.#ask({ method: 'POST', url: this.#url('blobs/uploads/') });
    await expectOk(begun);
    await begun.drop();
    const location = begun.headers.get('location');
    if (location === null || !URL.canParse(location, this.#origin)) {
      throw new RegistryFault('the registry does not say where to upload to');
    }
    const url = new URL(location, this.#origin);
    if (url.protocol !== 'https:' && url.origin !== this.#origin.origin) {
      throw new RegistryFault(`the registry has uploads go to ${url.origin}, which is not HTTPS`, {
        hint: 'A registry behind a proxy has to know by which address it is asked.',
      });
    }
    url.searchParams.set('digest', digest);
    const done = await this.#ask({
      method: 'PUT',
      url,
      headers: { 'content-type': 'application/octet-stream' },
      body: bytes,
    });
    await expectOk(done);
    await done.drop();
  }

  /** @returns Its digest. */
  async uploadManifest(text: string, mediaType: string, tag: string | undefined): Promise<string> {
    const digest = digestOf(text);
    const answer = await this.#ask({
      method: 'PUT',
      url: this.#url(`manifests/${tag ?? digest}`),
      headers: { 'content-type': mediaType },
      body: text,
    });
    await expectOk(answer);
    await answer.drop();
    return digest;
  }

  #url(path: string): URL {
    return new URL(`/v2/${this.#reference.repository}/${path}`, this.#origin);
  }

  /** Asks as nobody first, as anybody may read most; what the registry then wants to know is kept for what follows. */
  async #ask(request: RegistryRequest): Promise<RegistryAnswer> {
    const first = await ask(this.#signed(request));
    // Who else is asked, by a redirect or for an upload, has no say in where the registry's credentials go.
    if (first.status !== 401 || first.url.origin !== this.#origin.origin) return first;
    await first.drop();
    const challenge = parseChallenge(first.headers.get('www-authenticate'));
    if (challenge === undefined)
      throw new RegistryFault(`${this.#origin.host} answers 401 and does not say what it wants`);
    const { registry, repository } = this.#reference;
    const scope = `repository:${repository}:${this.#actions}`;
    this.#authorization = await authorize(
      challenge,
      this.#origin,
      scope,
      await credentialsOf(registry),
      this.#exchange,
    );
    return await ask(this.#signed(request));
  }

  #signed({ headers, ...request }: RegistryRequest): RegistryRequest {
    const knows = this.#authorization !== undefined && request.url.origin === this.#origin.origin;
    return {
      ...request,
      headers: { ...headers, ...(knows && { authorization: this.#authorization! }) },
      ...this.#exchange,
    };
  }
}

const TAMPERED = { hint: 'What the registry gives is not what was pushed: do not use it.' };

export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${hash('sha256', bytes)}`;
}

async function expectOk(answer: RegistryAnswer): Promise<void> {
  if (answer.ok) return;
  await answer.drop();
  const { status } = answer;
  const hint =
    status === 401 || status === 403
      ? 'Has who is logged in (docker login) the right to it?'
      : status === 404
        ? 'Look at its name.'
        : undefined;
  throw new RegistryFault(`the registry answers ${status}`, { status, ...(hint !== undefined && { hint }) });
}
