import { RegistryFault } from './errors.ts';
import { isDigest } from './reference.ts';

/** What a manifest may have of bytes: no artifact of a plugin comes near. */
export const MAX_MANIFEST_BYTES: number = 4 * 1024 * 1024;
const MAX_LAYERS = 64;

/** An artifact, as the OCI image specification (1.1) has it. */
export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
/** What is asked for. */
export const MANIFEST_TYPES: readonly string[] = [MANIFEST_TYPE, INDEX_TYPE];

/** The configuration of an artifact that is a component: the Wasm OCI artifact layout of the CNCF's working group. */
export const CONFIG_TYPE = 'application/vnd.wasm.config.v0+json';
/** The component. */
export const COMPONENT_TYPE = 'application/wasm';
/** A component as tools wrote it before that layout. */
const OLD_COMPONENT_TYPE = 'application/vnd.wasm.content.layer.v1+wasm';

/** Where bytes lie, and how many they are. */
export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:` and 64 digits. */
  readonly digest: string;
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What an artifact consists of. */
export interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** @throws {RegistryFault} for what is none: it comes from outside. */
export function parseManifest(bytes: Uint8Array): Manifest {
  const value = objectOf(parse(bytes));
  if (value === undefined || value.schemaVersion !== 2) throw new RegistryFault('its manifest is none of OCI');
  if (value.mediaType === INDEX_TYPE || Array.isArray(value.manifests)) {
    throw new RegistryFault('it is an index of several artifacts', { hint: 'Name one of them by its digest.' });
  }
  const { layers } = value;
  if (!Array.isArray(layers) || layers.length > MAX_LAYERS) {
    throw new RegistryFault(`its manifest has no list of ${MAX_LAYERS} layers at the most`);
  }
  return {
    config: descriptor(value.config, 'config'),
    layers: layers.map((layer, index) => descriptor(layer, `layers[${index}]`)),
    annotations: annotationsOf(value.annotations),
  };
}

/** The layer that is the component. @throws {RegistryFault} where there is not one. */
export function componentLayer({ layers, config }: Manifest): Descriptor {
  const found = layers.filter(({ mediaType }) => mediaType === COMPONENT_TYPE || mediaType === OLD_COMPONENT_TYPE);
  if (found.length === 1) return found[0]!;
  const what = found.length === 0 ? 'no layer' : `${found.length} layers`;
  throw new RegistryFault(`it has ${what} of the type ${COMPONENT_TYPE}; its configuration is ${config.mediaType}`, {
    hint: 'An artifact of a plugin has one, as wkg, oras and `wasm-plugin-pool push` write it.',
  });
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new RegistryFault('its manifest is not JSON', { cause });
  }
}

function descriptor(value: unknown, name: string): Descriptor {
  const { mediaType, digest, size, annotations } = objectOf(value) ?? {};
  if (typeof mediaType !== 'string' || !isDigest(digest) || !Number.isSafeInteger(size) || (size as number) < 0) {
    throw new RegistryFault(`\`${name}\` of its manifest is no descriptor with a SHA-256 and a size`);
  }
  return { mediaType, digest, size: size as number, annotations: annotationsOf(annotations) };
}

function annotationsOf(value: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(objectOf(value) ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function objectOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
