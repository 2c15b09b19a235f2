import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { signBytes } from '../signature/keys.ts';
import { readComponent } from './component.ts';
import { fileFailure } from './failure.ts';
import { print } from './output.ts';
import { readPrivateKey } from './push.ts';

interface SignOptions {
  readonly key: string;
  readonly out?: string;
}

const EXAMPLES = `
Examples:
  $ openssl genpkey -algorithm ed25519 -out signing.pem
  $ openssl pkey -in signing.pem -pubout -out signing.pub
  $ wasm-plugin-pool sign redact.wasm --key signing.pem
  $ wasm-plugin-pool run redact.wasm --verify-key signing.pub --input hello

It is the signature that \`cosign sign-blob\` makes, and \`cosign verify-blob\` looks at. A key that is encrypted takes its
passphrase from SIGNING_PASSWORD.`;

/** `sign`: a signature beside a component. */
export function signCommand(): Command {
  return new Command('sign')
    .description('Sign a plugin: write PLUGIN.wasm.sig beside it.')
    .argument('<component>', 'the path of a component')
    .requiredOption('--key <file>', 'a private key in PEM: ECDSA, Ed25519 or RSA')
    .option('--out <file>', 'where to put the signature (default: beside the component)')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, { key: keyPath, out = `${path}.sig` }: SignOptions) => {
      const key = await readPrivateKey(keyPath);
      const { bytes } = await readComponent(path);
      await writeFile(out, `${signBytes(key, bytes).toString('base64')}\n`).catch((error: unknown) => {
        throw fileFailure('write', out, error);
      });
      await print(`${out}\n`);
      process.exitCode = 0;
    });
}
