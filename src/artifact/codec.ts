import { Buffer } from 'node:buffer';
import type { BindingPlan } from '../canonical-abi/plan/plan.ts';
import type { Artifact, ComponentBinding, CoreModuleBytes } from './artifact.ts';
import { copyInPieces, sha256 } from './pieces.ts';

/*
 * The file of one artifact in the disk cache:
 *
 *     8 bytes   magic
 *     32 bytes  SHA-256 of all that follows
 *     4 bytes   length of the header, little-endian
 *     header    JSON: the artifact without its large parts, and the lengths of those
 *     parts     the glue, or the plan as JSON, in UTF-8; then the core modules, without gaps
 */
const MAGIC = Buffer.from('wppart03', 'latin1');
const DIGEST_BYTES = 32;
const CHECKED_FROM = MAGIC.length + DIGEST_BYTES;
const HEADER_FROM = CHECKED_FROM + 4;

interface Header extends Omit<Artifact, 'binding' | 'modules'> {
  readonly binding: BindingHeader;
  readonly modules: readonly { readonly name: string; readonly bytes: number }[];
}

type BindingHeader = { readonly bytes: number } & (
  | { readonly kind: 'direct' }
  | { readonly kind: 'glue'; readonly reason: string }
);

/** The artifact as the bytes of its cache file. */
export async function encodeArtifact(artifact: Artifact): Promise<Buffer> {
  const { binding, modules, ...rest } = artifact;
  const bindingBytes = Buffer.from(binding.kind === 'glue' ? binding.glue : JSON.stringify(binding.plan), 'utf8');
  const bytes = bindingBytes.length;
  const header = {
    ...rest,
    binding: binding.kind === 'glue' ? { kind: 'glue', reason: binding.reason, bytes } : { kind: 'direct', bytes },
    modules: modules.map(({ name, bytes }) => ({ name, bytes: bytes.length })),
  } satisfies Header;
  const headerBytes = Buffer.from(JSON.stringify(header), 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32LE(headerBytes.length);
  const parts = [headerBytes, bindingBytes, ...modules.map(({ bytes }) => bytes)];
  const size = parts.reduce((sum, part) => sum + part.length, HEADER_FROM);
  // Not from the pool, whose buffers others see.
  const file = Buffer.from(new ArrayBuffer(size));
  file.set(MAGIC);
  file.set(length, CHECKED_FROM);
  let at = HEADER_FROM;
  for (const part of parts) {
    await copyInPieces(part, file, at);
    at += part.length;
  }
  file.set(await sha256(file.subarray(CHECKED_FROM)), MAGIC.length);
  return file;
}

/** The artifact of a cache file; undefined when the file is damaged, truncated, or that of another key. */
export async function decodeArtifact(file: Buffer<ArrayBuffer>, key: string): Promise<Artifact | undefined> {
  if (file.length < HEADER_FROM || !MAGIC.equals(file.subarray(0, MAGIC.length))) return undefined;
  const digest = await sha256(file.subarray(CHECKED_FROM));
  if (!digest.equals(file.subarray(MAGIC.length, CHECKED_FROM))) return undefined;
  // The checksum holds, so that the rest is what `encodeArtifact` wrote.
  let from = HEADER_FROM;
  const take = (bytes: number): Buffer<ArrayBuffer> => {
    const part = file.subarray(from, from + bytes);
    from += bytes;
    return part;
  };
  const { binding, modules, ...rest } = JSON.parse(take(file.readUInt32LE(CHECKED_FROM)).toString('utf8')) as Header;
  if (rest.key !== key) return undefined;
  const text = take(binding.bytes).toString('utf8');
  return {
    ...rest,
    binding: bindingOf(binding, text),
    modules: modules.map(({ name, bytes }): CoreModuleBytes => ({ name, bytes: take(bytes) })),
  };
}

function bindingOf(header: BindingHeader, text: string): ComponentBinding {
  if (header.kind === 'direct') return { kind: 'direct', plan: JSON.parse(text) as BindingPlan };
  return { kind: 'glue', glue: text, reason: header.reason };
}
