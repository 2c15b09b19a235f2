import { createHash, createPrivateKey, createPublicKey, KeyObject, sign, verify } from 'node:crypto';
import { invalidArgument } from '../arguments/arguments.ts';
import { PluginError } from '../errors.ts';

/** What {@link resolveKey} takes: ECDSA on P-256, P-384 or P-521, Ed25519, and RSA of 2048 bits and more, as cosign does. */
const KINDS = 'a public key in PEM (`-----BEGIN PUBLIC KEY-----`): ECDSA, Ed25519 or RSA';
const MIN_RSA_BITS = 2048;

/** A public key, and what it is told by. */
export interface VerificationKey {
  readonly key: KeyObject;
  /** SHA-256 of the key in DER (SubjectPublicKeyInfo), in hexadecimal. */
  readonly sha256: string;
}

/** @throws {PluginError} `ERR_INVALID_ARGUMENT`. */
export function resolveKey(name: string, given: unknown): VerificationKey {
  const key = given instanceof KeyObject && given.type === 'public' ? given : publicKey(name, given);
  assertKind(name, key, given);
  return { key, sha256: fingerprint(key) };
}

function publicKey(name: string, given: unknown): KeyObject {
  // Of a private key Node would make the public one: whoever gives one here has mixed up two files.
  if (typeof given !== 'string' || !given.includes('-----BEGIN PUBLIC KEY-----')) throw badKey(name, given);
  try {
    return createPublicKey(given);
  } catch {
    throw badKey(name, given);
  }
}

/**
 * A private key to sign with.
 *
 * @param passphrase For a key that is encrypted.
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`.
 */
export function resolvePrivateKey(pem: string, passphrase: string | undefined): KeyObject {
  if (/ENCRYPTED (?:COSIGN|SIGSTORE) PRIVATE KEY/.test(pem)) {
    throw new PluginError('ERR_INVALID_ARGUMENT', 'The key is encrypted in a form that only cosign reads', {
      hint: 'Sign with `cosign sign-blob --key KEY --output-signature PLUGIN.wasm.sig PLUGIN.wasm`: it is the same signature.',
    });
  }
  try {
    const key = createPrivateKey({ key: pem, ...(passphrase !== undefined && { passphrase }) });
    assertKind('key', createPublicKey(key), 'that key');
    return key;
  } catch (cause) {
    if (cause instanceof PluginError) throw cause;
    throw new PluginError(
      'ERR_INVALID_ARGUMENT',
      'The key is no private key in PEM, or its passphrase is another one',
      {
        hint: 'Make one with `openssl genpkey -algorithm ed25519 -out KEY.pem`; a passphrase is taken from SIGNING_PASSWORD.',
        cause,
      },
    );
  }
}

/** SHA-256 of a public key's DER. */
export function fingerprint(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** Signs bytes as cosign does: with SHA-256, and Ed25519 with the hash that is its own. */
export function signBytes(key: KeyObject, bytes: Uint8Array): Buffer {
  return sign(digestFor(key), bytes, key);
}

/** Whether bytes were signed by who has the other half of a key. Looked at beside the thread, which a component may be large for. */
export function isSignedBy({ key }: VerificationKey, bytes: Uint8Array, signature: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    // What is no signature of the key's kind is none of it.
    verify(digestFor(key), bytes, key, signature, (error, holds) => resolve(error === null && holds));
  });
}

function digestFor({ asymmetricKeyType }: KeyObject): string | null {
  return asymmetricKeyType === 'ed25519' ? null : 'sha256';
}

function assertKind(name: string, { asymmetricKeyType, asymmetricKeyDetails }: KeyObject, given: unknown): void {
  const fits =
    asymmetricKeyType === 'ed25519' ||
    asymmetricKeyType === 'ec' ||
    (asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS);
  if (!fits) throw badKey(name, given);
}

function badKey(name: string, given: unknown): PluginError {
  // Not shown: it may be the private one.
  return invalidArgument(name, KINDS, typeof given === 'string' ? 'other text' : given);
}
