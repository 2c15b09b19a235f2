import { hash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** What a path is answered with: bytes, or anything that a server may do. */
type Answer = Uint8Array | ((request: IncomingMessage, response: ServerResponse) => void);

/** A registry that answers what a test says, and notes who asks. */
export class FalseRegistry {
  /** Paths as they came, and what stood in `Authorization`. */
  readonly asked: { readonly path: string; readonly authorization: string | undefined }[] = [];
  readonly #answers = new Map<string, Answer>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const path = request.url!;
      this.asked.push({ path, authorization: request.headers.authorization });
      const answer = this.#answers.get(path.replace(/\?.*$/, ''));
      if (answer === undefined) response.writeHead(404).end();
      else if (typeof answer === 'function') answer(request, response);
      else response.end(answer);
    });
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async end(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  answer(path: string, answer: Answer): void {
    this.#answers.set(path, answer);
  }

  /** An artifact under a tag, as a registry would have it. @returns The digests of its manifest and its component. */
  put(name: string, tag: string, component: Uint8Array, changed: object = {}): { manifest: string; component: string } {
    const config = new TextEncoder().encode('{}');
    const layer = { mediaType: 'application/wasm', digest: digestOf(component), size: component.length };
    const manifest = new TextEncoder().encode(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config: { mediaType: 'application/vnd.wasm.config.v0+json', digest: digestOf(config), size: config.length },
        layers: [{ ...layer, ...changed }],
      }),
    );
    this.answer(`/v2/${name}/manifests/${tag}`, manifest);
    this.answer(`/v2/${name}/blobs/${layer.digest}`, component);
    return { manifest: digestOf(manifest), component: layer.digest };
  }
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${hash('sha256', bytes)}`;
}
