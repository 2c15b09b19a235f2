import { fileURLToPath } from 'node:url';
import { readRegularFile } from '../arguments/regular-file.ts';
import { MAX_BYTES, type PluginSource, readSource } from '../artifact/source.ts';
import { PluginError } from '../errors.ts';
import { type PulledComponent, pullComponent, telling } from '../oci/pull.ts';
import { isReference } from '../oci/reference.ts';
import { isError } from '../text/is-error.ts';
import { cleanLogLine } from '../text/log-line.ts';
import { isAbout, type SignedPayload, signaturesOf } from './cosign.ts';
import { isSignedBy } from './keys.ts';
import { type ResolvedVerify, type Signer, signatureBytes } from './verify-options.ts';

/** A component whose signature holds. */
export interface SignedComponent {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly signer: Signer;
}

const MAX_SIGNATURE_BYTES = 16 * 1024;

/**
 * Reads a component and looks who has signed it, before anything else is made of its bytes.
 *
 * @throws {PluginError} `ERR_SIGNATURE`, and what {@link readSource} throws.
 */
export async function readSigned(
  source: PluginSource,
  verify: ResolvedVerify,
  signal: AbortSignal | undefined,
): Promise<SignedComponent> {
  if (isReference(source) && verify.signature === undefined) {
    const pulled = await pullComponent(source, MAX_BYTES, { signal });
    return { bytes: pulled.bytes, signer: await verifyPulled(pulled, verify, source) };
  }
  const bytes = await readSource(source, signal);
  const signature = verify.signature ?? (await signatureBeside(source));
  return { bytes, signer: await signerOf([{ payload: bytes, signature }], verify, nameOf(source)) };
}

/**
 * Who has signed what a registry gave. What `cosign sign` and `push --key` sign is the artifact, and with it the digests of its layers.
 *
 * @throws {PluginError} `ERR_SIGNATURE`, `ERR_REGISTRY`.
 */
export async function verifyPulled(pulled: PulledComponent, verify: ResolvedVerify, source: string): Promise<Signer> {
  const { digest } = pulled.reference;
  const signatures = await telling('pull', source, () => signaturesOf(pulled.repository, digest));
  if (signatures.length === 0) throw unsigned(source, 'its registry has no signature beside it');
  const about = signatures.filter(({ payload }) => isAbout(payload, digest));
  return signerOf(about, verify, source);
}

/** The first of the keys that has signed it. */
async function signerOf(signatures: readonly SignedPayload[], { keys }: ResolvedVerify, name: string): Promise<Signer> {
  for (const { payload, signature } of signatures) {
    for (const key of keys) if (await isSignedBy(key, payload, signature)) return { keySha256: key.sha256 };
  }
  const by = keys.length === 1 ? 'the key that is asked for' : `one of the ${keys.length} keys that are asked for`;
  throw new PluginError('ERR_SIGNATURE', `\`${name}\` is not signed by who has ${by}`, {
    hint: 'Either the component is not what was signed, or somebody else has signed it: do not load it before you know which.',
  });
}

async function signatureBeside(source: PluginSource): Promise<Uint8Array> {
  const name = nameOf(source);
  if (source instanceof Uint8Array) throw unsigned(name, 'no `signature` came with it');
  const path = `${source instanceof URL ? fileURLToPath(source) : source}.sig`;
  const text = await readRegularFile(path, MAX_SIGNATURE_BYTES).catch((error: unknown) => {
    if (isError(error) && 'code' in error && error.code === 'ENOENT') throw unsigned(name, `there is no \`${path}\``);
    throw unsigned(name, `\`${path}\` cannot be read`, error);
  });
  const signature = signatureBytes(new TextDecoder().decode(text));
  if (signature === undefined) throw unsigned(name, `\`${path}\` holds no signature in base64`);
  return signature;
}

function unsigned(name: string, why: string, cause?: unknown): PluginError {
  return new PluginError('ERR_SIGNATURE', cleanLogLine(`\`${name}\` is not signed: ${why}`), {
    hint: 'Sign it with `wasm-plugin-pool sign` or cosign, or load it without `verify`.',
    cause,
  });
}

function nameOf(source: PluginSource): string {
  if (source instanceof Uint8Array) return 'The component';
  return cleanLogLine(source instanceof URL ? fileURLToPath(source) : source);
}
