import type { KeyObject } from 'node:crypto';
import { invalidArgument, knownKeys } from '../arguments/arguments.ts';
import { resolveKey, type VerificationKey } from './keys.ts';

/**
 * By whom a component has to be signed.
 *
 * @example
 * const publicKey = '-----BEGIN PUBLIC KEY-----\n…\n-----END PUBLIC KEY-----\n';
 * const verify: VerifyOptions = { keys: [publicKey] };
 * await engine.loadPlugin('redact', 'oci://registry.example.org/acme/redact:1.2', { verify });
 */
export interface VerifyOptions {
  /** Public keys, in PEM or as Node has them: one of them has to have signed it. At least one. */
  readonly keys: readonly (string | KeyObject)[];
  /**
   * The signature of the component's bytes, in base64. @default what lies beside the file (`redact.wasm.sig`), or in the
   * registry beside the artifact, where cosign puts it
   */
  readonly signature?: string;
}

/**
 * Who has signed a component, as far as it was asked for.
 *
 * @example
 * const signer: Signer | undefined = engine.getPlugin('redact')?.stable?.signedBy;
 * console.log(signer?.keySha256 ?? 'nobody was asked for');
 */
export interface Signer {
  /** SHA-256 of the public key in DER, in hexadecimal, as `openssl pkey -pubin -in KEY.pub -outform der | sha256sum` has it. */
  readonly keySha256: string;
}

/** {@link VerifyOptions}, checked. */
export interface ResolvedVerify {
  readonly keys: readonly VerificationKey[];
  readonly signature: Uint8Array | undefined;
}

/** @throws {PluginError} `ERR_INVALID_ARGUMENT`. */
export function resolveVerify(verify: VerifyOptions | undefined): ResolvedVerify | undefined {
  if (verify === undefined) return undefined;
  const { keys, signature } = knownKeys('verify', verify, ['keys', 'signature']) as Partial<VerifyOptions>;
  if (!Array.isArray(keys) || keys.length === 0) throw invalidArgument('verify.keys', 'a list of public keys', keys);
  return {
    keys: keys.map((key, index) => resolveKey(`verify.keys[${index}]`, key)),
    signature: signature === undefined ? undefined : resolveSignature(signature),
  };
}

function resolveSignature(signature: unknown): Uint8Array {
  const bytes = typeof signature === 'string' ? signatureBytes(signature) : undefined;
  if (bytes === undefined) throw invalidArgument('verify.signature', 'a signature in base64', signature);
  return bytes;
}

/** The bytes of a signature that stands as base64 in a file; undefined for what is none. */
export function signatureBytes(text: string): Uint8Array | undefined {
  const base64 = text.trim();
  return /^[A-Za-z0-9+/]{16,4096}={0,2}$/.test(base64) ? Buffer.from(base64, 'base64') : undefined;
}
