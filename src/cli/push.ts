import { createPublicKey } from 'node:crypto';
import { Command } from 'commander';
import { readRegularFile } from '../arguments/regular-file.ts';
import { readWit } from '../artifact/wit-text.ts';
import { telling } from '../oci/pull.ts';
import { type Layer, OPTIONS_TYPE, pushComponent, WIT_PACKAGE_TYPE, WIT_TYPE } from '../oci/push.ts';
import { formatReference, parseReference } from '../oci/reference.ts';
import { Repository } from '../oci/registry.ts';
import { addSignature, payloadFor } from '../signature/cosign.ts';
import { resolveKey, resolvePrivateKey, signBytes } from '../signature/keys.ts';
import { readComponent } from './component.ts';
import { fileFailure } from './failure.ts';
import { pairs, readText } from './options.ts';
import { print, printJson, say } from './output.ts';

interface PushOptions {
  readonly options?: string;
  readonly wit?: string;
  readonly annotation: readonly (readonly [string, string])[];
  readonly key?: string;
  readonly json?: true;
}

/** What `--json` prints. */
export interface Pushed {
  /** With the digest by which exactly this is pulled. */
  readonly reference: string;
  /** Of the component. */
  readonly bytes: number;
  readonly signed: boolean;
}

const EXAMPLES = `
Examples:
  $ wasm-plugin-pool push redact.wasm oci://registry.example.org/acme/redact:1.2
  $ wasm-plugin-pool push redact.wasm oci://registry.example.org/acme/redact:1.2 --key signing.pem

The artifact is as wkg, wash and Spin write and read it. With --options or --wit it has more than one layer, which some
tools refuse to read. A key that is encrypted takes its passphrase from SIGNING_PASSWORD.`;

const MAX_OPTIONS_BYTES = 1024 * 1024;

/** `push`: a component into a registry. */
export function pushCommand(): Command {
  return new Command('push')
    .description('Put a plugin into a registry (OCI), and sign it there.')
    .argument('<component>', 'the path of a component')
    .argument('<reference>', 'oci://REGISTRY/REPOSITORY:TAG')
    .option('--options <file>', 'its NAME.json, to go with it')
    .option('--wit <path>', 'the WIT of its world, to go with it')
    .addOption(pairs('--annotation <key=value>', 'something to be said of the artifact; may be repeated'))
    .option('--key <file>', 'a private key in PEM, to sign the artifact with')
    .option('--json', 'print what was pushed as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, reference: string, options: PushOptions) => {
      await push(path, reference, options);
      process.exitCode = 0;
    });
}

async function push(path: string, reference: string, options: PushOptions): Promise<void> {
  const key = options.key === undefined ? undefined : await readPrivateKey(options.key);
  const { bytes, analysis } = await readComponent(path);
  const pushed = await pushComponent(reference, {
    component: bytes,
    exports: analysis.exports.map(({ name }) => name),
    imports: analysis.imports.map(({ name }) => name),
    layers: await layersOf(options),
    annotations: Object.fromEntries(options.annotation),
  });
  if (key !== undefined) {
    const target = parseReference(pushed);
    const digest = target.digest!;
    const payload = payloadFor(target, digest);
    await telling('push', formatReference(target), () =>
      addSignature(
        new Repository(target, 'pull,push'),
        digest,
        { payload, signature: signBytes(key, payload) },
        resolveKey('key', createPublicKey(key)),
      ),
    );
  }
  const what: Pushed = { reference: pushed, bytes: bytes.length, signed: key !== undefined };
  if (options.json) await printJson(what);
  else {
    await print(`${pushed}\n`);
    if (key !== undefined) say('signed; who loads it can ask for that with --verify-key');
  }
}

async function layersOf({ options, wit }: PushOptions): Promise<Layer[]> {
  const layers: Layer[] = [];
  if (options !== undefined) {
    const bytes = await readRegularFile(options, MAX_OPTIONS_BYTES).catch((error: unknown) => {
      throw fileFailure('read', options, error);
    });
    layers.push({ mediaType: OPTIONS_TYPE, bytes, title: 'options.json' });
  }
  if (wit !== undefined) {
    const content = await readWit(wit);
    layers.push(
      'text' in content
        ? { mediaType: WIT_TYPE, bytes: new TextEncoder().encode(content.text), title: 'world.wit' }
        : {
            mediaType: WIT_PACKAGE_TYPE,
            bytes: Uint8Array.from(Buffer.from(content.base64, 'base64')),
            title: 'world.wasm',
          },
    );
  }
  return layers;
}

/** A private key from a file; its passphrase stands in no command. */
export async function readPrivateKey(path: string): Promise<ReturnType<typeof resolvePrivateKey>> {
  return resolvePrivateKey(await readText(path), process.env.SIGNING_PASSWORD || undefined);
}
