import { isError } from '../text/is-error.ts';
import { RegistryFault, registryError } from './errors.ts';
import { componentLayer, type Manifest, parseManifest } from './manifest.ts';
import { formatReference, type OciReference, parseReference } from './reference.ts';
import { Repository } from './registry.ts';
import type { ExchangeOptions } from './transport.ts';

/** A component as a registry gave it. */
export interface PulledComponent {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The reference with the digest that its tag stood for. */
  readonly reference: OciReference & { readonly digest: string };
  readonly manifest: Manifest;
  /** Where it came from, for what else lies there about it. */
  readonly repository: Repository;
}

/**
 * The component that a reference stands for now.
 *
 * @param maxBytes A larger one is refused before any of it is read.
 * @throws {PluginError} `ERR_REGISTRY`, `ERR_INVALID_ARGUMENT`.
 */
export async function pullComponent(
  text: string,
  maxBytes: number,
  exchange: ExchangeOptions = {},
): Promise<PulledComponent> {
  const asked = parseReference(text);
  const late = AbortSignal.timeout(MAX_PULL_MS);
  const signal = exchange.signal === undefined ? late : AbortSignal.any([exchange.signal, late]);
  const repository = new Repository(asked, 'pull', { ...exchange, signal });
  return await telling('pull', text, async () => {
    const { digest, bytes: json } = await repository.manifest(asked.digest ?? asked.tag!);
    const manifest = parseManifest(json);
    const layer = componentLayer(manifest);
    if (layer.size > maxBytes) {
      throw new RegistryFault(`the component has ${layer.size} bytes; the limit is ${maxBytes}`);
    }
    const bytes = await repository.blob(layer);
    return { bytes, reference: { ...asked, digest }, manifest, repository };
  });
}

/** Milliseconds for all of it, however slowly its bytes come. */
const MAX_PULL_MS = 600_000;

/** Says of which artifact a fault is. */
export async function telling<T>(verb: 'pull' | 'push', reference: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof DOMException && error.name === 'TimeoutError') {
      throw registryError(verb, reference, `it took longer than ${MAX_PULL_MS / 1000} s`, { cause: error });
    }
    if (!(error instanceof RegistryFault)) throw error;
    const { message, hint } = error;
    throw registryError(verb, reference, message, { hint, cause: isError(error.cause) ? error.cause : undefined });
  }
}

/** The reference by which exactly this artifact is loaded again. */
export function pinned({ reference }: PulledComponent): string {
  return formatReference(reference);
}
