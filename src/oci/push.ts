import { COMPONENT_TYPE, CONFIG_TYPE, type Descriptor, MANIFEST_TYPE } from './manifest.ts';
import { telling } from './pull.ts';
import { formatReference, parseReference } from './reference.ts';
import { digestOf, Repository } from './registry.ts';
import type { ExchangeOptions } from './transport.ts';

/** Bytes of an artifact, and what they are. */
export interface Layer {
  readonly mediaType: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What tools call the file. */
  readonly title?: string;
}

/** What is pushed. */
export interface Push {
  readonly component: Uint8Array<ArrayBuffer>;
  /** The names of what it exports and imports, for who looks at the artifact without reading the component. */
  readonly exports: readonly string[];
  readonly imports: readonly string[];
  /** What goes with it, behind the component. Some tools take artifacts of one layer only. */
  readonly layers: readonly Layer[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** The options that a plugin is meant to be loaded with: what a `NAME.json` holds. */
export const OPTIONS_TYPE = 'application/vnd.wasm-plugin-pool.options.v1+json';
/** The WIT of its world, as text. */
export const WIT_TYPE = 'application/vnd.wasm-plugin-pool.wit.v1+text';
/** The same as a package of the binary format. */
export const WIT_PACKAGE_TYPE = 'application/vnd.wasm-plugin-pool.wit.v1+wasm';
const TITLE = 'org.opencontainers.image.title';

/**
 * Writes a component to a registry, in the Wasm OCI artifact layout. What is pushed twice has the same digest: nothing in it tells
 * when it was.
 *
 * @returns The reference with its digest.
 * @throws {PluginError} `ERR_REGISTRY`, `ERR_INVALID_ARGUMENT`.
 */
export async function pushComponent(text: string, push: Push, exchange: ExchangeOptions = {}): Promise<string> {
  const reference = parseReference(text);
  const { component, exports, imports } = push;
  const all = [{ mediaType: COMPONENT_TYPE, bytes: component }, ...push.layers];
  const config = new TextEncoder().encode(
    JSON.stringify({
      architecture: 'wasm',
      os: 'wasip2',
      layerDigests: all.map(({ bytes }) => digestOf(bytes)),
      component: { exports, imports, target: null },
    }),
  );
  const manifest = manifestText(config, CONFIG_TYPE, all.map(descriptorOf), push.annotations);
  const repository = new Repository(reference, 'pull,push', exchange);
  return await telling('push', text, async () => {
    for (const { bytes } of all) await repository.uploadBlob(bytes, digestOf(bytes));
    await repository.uploadBlob(config, digestOf(config));
    const digest = await repository.uploadManifest(manifest, MANIFEST_TYPE, reference.tag);
    return formatReference({ ...reference, digest });
  });
}

/** What a manifest says of a layer. */
function descriptorOf({ mediaType, bytes, title }: Layer): Descriptor {
  const annotations: Readonly<Record<string, string>> = title === undefined ? {} : { [TITLE]: title };
  return { mediaType, digest: digestOf(bytes), size: bytes.length, annotations };
}

/** A manifest, as text whose bytes are what its digest is of. */
export function manifestText(
  config: Uint8Array,
  configType: string,
  layers: readonly Descriptor[],
  annotations: Readonly<Record<string, string>>,
): string {
  const some = (said: Readonly<Record<string, string>>): object =>
    Object.keys(said).length === 0 ? {} : { annotations: said };
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: { mediaType: configType, digest: digestOf(config), size: config.length },
    layers: layers.map(({ annotations: own, ...descriptor }) => ({ ...descriptor, ...some(own) })),
    ...some(annotations),
  });
}
