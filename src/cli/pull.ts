import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { sha256 } from '../artifact/pieces.ts';
import { MAX_BYTES } from '../artifact/source.ts';
import { pinned, pullComponent } from '../oci/pull.ts';
import { resolveVerify, type Signer } from '../signature/verify-options.ts';
import { Failure, fileFailure } from './failure.ts';
import { readVerify, verifyKeyOption } from './options.ts';
import { print, printJson, say } from './output.ts';
import { pluginName } from './session.ts';

interface PullOptions {
  readonly out?: string;
  readonly force?: true;
  readonly json?: true;
  readonly verifyKey: readonly string[];
}

/** What `--json` prints. */
export interface Pulled {
  /** Where the component is now. */
  readonly file: string;
  /** By which exactly this is pulled again. */
  readonly reference: string;
  /** Of the component, in hexadecimal. */
  readonly sha256: string;
  readonly bytes: number;
  /** Who has signed it, where that was asked for. */
  readonly signedBy?: Signer;
}

const EXAMPLES = `
Examples:
  $ wasm-plugin-pool pull oci://registry.example.org/acme/redact:1.2
  $ wasm-plugin-pool pull oci://registry.example.org/acme/redact:1.2 --verify-key cosign.pub --out plugins/redact.wasm

Commands that take the path of a plugin take such a reference as well. Who asks is who logged in with \`docker login\`.`;

/** `pull`: a component out of a registry. */
export function pullCommand(): Command {
  return new Command('pull')
    .description('Fetch a plugin from a registry (OCI) into a file.')
    .argument('<reference>', 'oci://REGISTRY/REPOSITORY:TAG or …@sha256:DIGEST')
    .option('--out <file>', 'where to put it (default: NAME.wasm, by the last part of the repository)')
    .option('--force', 'write over a file that is there')
    .addOption(verifyKeyOption())
    .option('--json', 'print what was fetched as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (reference: string, options: PullOptions) => {
      await pull(reference, options);
      process.exitCode = 0;
    });
}

async function pull(reference: string, { out, force, json, verifyKey }: PullOptions): Promise<void> {
  const path = out ?? `${pluginName(reference)}.wasm`;
  const verify = resolveVerify(await readVerify(verifyKey));
  const pulled = await pullComponent(reference, MAX_BYTES);
  const { bytes } = pulled;
  const signer =
    verify && (await (await import('../signature/signed-source.ts')).verifyPulled(pulled, verify, reference));
  await writeFile(path, bytes, { flag: force ? 'w' : 'wx' }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new Failure(2, `\`${path}\` is there already: --force writes over it, --out names another place.`, error);
    }
    throw fileFailure('write', path, error);
  });
  const hex = (await sha256(bytes)).toString('hex');
  const pin = pinned(pulled);
  const what: Pulled = {
    file: path,
    reference: pin,
    sha256: hex,
    bytes: bytes.length,
    ...(signer && { signedBy: signer }),
  };
  if (json) await printJson(what);
  else {
    await print(`${path}\n`);
    say(`${bytes.length} bytes, SHA-256 ${hex}`);
    say(`exactly this again: ${pin}`);
    if (signer) say(`signed by the key ${signer.keySha256}`);
  }
}
