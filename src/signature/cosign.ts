import { RegistryFault } from '../oci/errors.ts';
import { type Descriptor, type Manifest, parseManifest } from '../oci/manifest.ts';
import { manifestText } from '../oci/push.ts';
import type { OciReference } from '../oci/reference.ts';
import { digestOf, type Repository } from '../oci/registry.ts';
import { isSignedBy, type VerificationKey } from './keys.ts';
import { signatureBytes } from './verify-options.ts';

/*
 * Signatures in a registry as cosign writes them: an artifact under a tag that is made of the digest of what is signed, whose layers
 * are payloads of the "simple signing" format, each with its signature in an annotation (cosign, specs/SIGNATURE_SPEC.md).
 */

const PAYLOAD_TYPE = 'application/vnd.dev.cosign.simplesigning.v1+json';
const SIGNATURE = 'dev.cosignproject.cosign/signature';
const CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json';
const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const MAX_PAYLOAD_BYTES = 64 * 1024;
/** Signatures of one artifact that are looked at. */
const MAX_SIGNATURES = 32;

/** Something that was signed, and its signature. */
export interface SignedPayload {
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array;
}

/** The signatures that lie beside an artifact; what is none is left out. */
export async function signaturesOf(repository: Repository, digest: string): Promise<SignedPayload[]> {
  const found = await repository.findManifest(tagFor(digest));
  if (found === undefined) return [];
  const signed: SignedPayload[] = [];
  for (const layer of parseManifest(found.bytes).layers.slice(0, MAX_SIGNATURES)) {
    const signature = signatureOf(layer);
    if (signature !== undefined) signed.push({ payload: await repository.blob(layer), signature });
  }
  return signed;
}

function signatureOf({ mediaType, size, annotations }: Descriptor): Uint8Array | undefined {
  const text = annotations[SIGNATURE];
  if (mediaType !== PAYLOAD_TYPE || size > MAX_PAYLOAD_BYTES || text === undefined) return undefined;
  return signatureBytes(text);
}

/** What is signed of an artifact. */
export function payloadFor({ registry, repository }: OciReference, digest: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': `${registry}/${repository}` },
        image: { 'docker-manifest-digest': digest },
        type: 'cosign container image signature',
      },
      optional: null,
    }),
  );
}

/** Whether a payload that was signed is about an artifact: a good signature of another one says nothing. */
export function isAbout(payload: Uint8Array, digest: string): boolean {
  try {
    const { critical } = JSON.parse(new TextDecoder().decode(payload)) as {
      critical?: { type?: unknown; image?: { 'docker-manifest-digest'?: unknown } };
    };
    return (
      critical?.type === 'cosign container image signature' && critical.image?.['docker-manifest-digest'] === digest
    );
  } catch {
    return false;
  }
}

/**
 * Adds a signature to those that lie beside an artifact, which stay as they are: what others have written of theirs, certificates
 * among it, is no less theirs. One by the same key is not added twice.
 *
 * @throws {RegistryFault} where there are as many as anybody looks at.
 */
export async function addSignature(
  repository: Repository,
  digest: string,
  { payload, signature }: SignedPayload,
  by: VerificationKey,
): Promise<void> {
  const found = await repository.findManifest(tagFor(digest));
  const { layers, annotations } = found === undefined ? NONE : parseManifest(found.bytes);
  const own = digestOf(payload);
  for (const layer of layers) {
    const before = layer.digest === own ? signatureOf(layer) : undefined;
    if (before !== undefined && (await isSignedBy(by, payload, before))) return;
  }
  if (layers.length >= MAX_SIGNATURES) {
    throw new RegistryFault(
      `the artifact has ${layers.length} signatures, and no more than ${MAX_SIGNATURES} are read`,
    );
  }
  const said = { [SIGNATURE]: Buffer.from(signature).toString('base64') };
  const all = [...layers, { mediaType: PAYLOAD_TYPE, digest: own, size: payload.length, annotations: said }];
  const config = new TextEncoder().encode(
    JSON.stringify({
      architecture: '',
      os: '',
      config: {},
      rootfs: { type: 'layers', diff_ids: all.map((layer) => layer.digest) },
    }),
  );
  for (const bytes of [config, payload]) await repository.uploadBlob(bytes, digestOf(bytes));
  await repository.uploadManifest(manifestText(config, CONFIG_TYPE, all, annotations), MANIFEST_TYPE, tagFor(digest));
}

const NONE: Pick<Manifest, 'layers' | 'annotations'> = { layers: [], annotations: {} };

function tagFor(digest: string): string {
  return `${digest.replace(':', '-')}.sig`;
}
