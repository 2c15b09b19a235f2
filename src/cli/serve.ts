import { Command, Option } from 'commander';
import type { RequestOptions } from '../contract/values.ts';
import { PluginEngine } from '../engine.ts';
import { PluginError } from '../errors.ts';
import { createServer, type RequestFailure, type ServerOptions } from '../serve/index.ts';
import { AuditFile } from './audit-file.ts';
import { type ExitStatus, explain, unusable } from './failure.ts';
import { type Interrupt, interruptible } from './interrupt.ts';
import {
  countOption,
  GRACE_SECONDS,
  graceOption,
  importOption,
  readSandbox,
  readText,
  readVerify,
  recordOption,
  sandboxOption,
  verifyKeyOption,
} from './options.ts';
import { say } from './output.ts';
import { readTokens } from './token-file.ts';

interface ServeOptions {
  readonly host?: string;
  readonly port?: number;
  readonly threads?: number;
  readonly deadline?: number;
  readonly minDeadline?: number;
  readonly maxBody?: number;
  readonly tokens?: string;
  readonly adminTokens?: string;
  readonly auditLog?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly sandbox: string;
  readonly verifyKey: readonly string[];
  readonly record?: string;
  readonly import: RequestOptions;
  readonly metricsDetail?: 'version' | 'plugin';
  readonly metricsBuckets?: 'all' | 'few' | 'none';
  readonly optionFiles: boolean;
  readonly grace?: number;
  readonly quiet?: true;
}

const EXAMPLES = `
Examples:
  $ wasm-plugin-pool serve plugins/
  $ wasm-plugin-pool serve plugins/ --host 0.0.0.0 --tokens clients.txt --admin-tokens admins.txt
  $ curl --data 'mail ada@example.org' http://127.0.0.1:8080/plugins/redact

A file of tokens has a name and a token on each line. docs/serve.md has all that can be asked.`;

/** `serve`: the plugins of a directory over HTTP. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('Answer requests over HTTP with the plugins of a directory, until SIGTERM or Ctrl-C.')
    .argument('<directory>', 'where the components lie: NAME.wasm is the plugin NAME')
    .option('--host <address>', 'where to listen (default: 127.0.0.1); others than loopback need --tokens')
    .addOption(countOption('--port <n>', 'the port; 0 is any that is free (default: 8080)', { min: 0, max: 65_535 }))
    .addOption(
      countOption('--threads <n>', 'worker threads (default: the number of processors)', { min: 1, max: 1024 }),
    )
    .addOption(
      countOption('--deadline <ms>', 'time of a request, and the most it may ask for (default: 60000)', {
        min: 1,
        max: 86_400_000,
      }),
    )
    .addOption(
      countOption('--min-deadline <ms>', 'what a request has at the least, if it asks for less (default: 1)', {
        min: 1,
        max: 86_400_000,
      }),
    )
    .addOption(
      countOption('--max-body <bytes>', 'of a request, and of a line of a batch (default: 1048576)', {
        min: 1,
        max: 2 ** 31 - 1,
      }),
    )
    .addOption(
      new Option('--metrics-detail <of>', 'whether /metrics counts by version or by plugin').choices([
        'version',
        'plugin',
      ]),
    )
    .addOption(new Option('--metrics-buckets <which>', 'of its histograms').choices(['all', 'few', 'none']))
    .option('--tokens <file>', 'names and bearer tokens of clients (default: none, on loopback only)')
    .option('--admin-tokens <file>', 'names and bearer tokens for administration (default: none, there is none)')
    .option('--audit-log <file>', 'where administrative calls are noted (default: stderr)')
    .option('--cert <file>', 'a certificate as PEM, for HTTPS')
    .option('--key <file>', 'its key as PEM')
    .addOption(sandboxOption())
    .addOption(importOption())
    .addOption(verifyKeyOption())
    .addOption(recordOption())
    .option('--no-option-files', 'leave NAME.json beside NAME.wasm alone: it may grant what it likes')
    .addOption(graceOption())
    .option('--quiet', 'leave out what the plugins log')
    .addHelpText('after', EXAMPLES)
    .action(async (directory: string, options: ServeOptions) => {
      const grace = options.grace ?? GRACE_SECONDS;
      process.exitCode = await interruptible((interrupt) => serve(directory, options, interrupt), grace);
    });
}

async function serve(directory: string, options: ServeOptions, interrupt: Interrupt): Promise<ExitStatus> {
  const sandbox = await readSandbox(options.sandbox);
  const audit = await AuditFile.open(options.auditLog);
  let readiness: 'loading' | 'ready' = 'loading';
  const settings: ServerOptions = {
    ...(await serverOptions(options)),
    audit: (entry) => audit.note(entry),
    onFailure: (failure) => say(described(failure)),
    isReady: () => readiness === 'ready',
  };
  const verify = await readVerify(options.verifyKey);
  const engine = await PluginEngine.create({
    ...(options.threads !== undefined && { threads: options.threads }),
    ...(verify && { verify }),
  });
  let ended: 'in order' | 'by a failure' = 'by a failure';
  try {
    const server = createServer(engine, settings);
    listenToPlugins(engine, options.quiet === undefined);
    for (const [interfaceName, module] of options.import) engine.provide(interfaceName, module);
    const watcher = await engine.watch(directory, {
      sandbox,
      optionFiles: options.optionFiles ? 'read' : 'ignore',
      ...(options.record !== undefined && { record: { directory: options.record } }),
    });
    const { host, port } = options;
    const url = await server.listen({ ...(host !== undefined && { host }), ...(port !== undefined && { port }) });
    // After the first byte could be answered, so that whoever looks at /readyz is not refused.
    void watcher.ready.then(() => {
      readiness = 'ready';
      say(
        `Ready: ${
          engine
            .listPlugins()
            .map(({ name }) => name)
            .join(', ') || 'no plugins yet'
        }`,
      );
    });
    say(`Listening on ${url}`);
    await aborted(interrupt.signal);
    say('Finishing what is under way.');
    await server.close({ graceMs: (options.grace ?? GRACE_SECONDS) * 1000 });
    ended = 'in order';
    // To be asked to end is how a server ends.
    return 0;
  } catch (error) {
    throw error instanceof PluginError ? unusable(error) : error;
  } finally {
    await engine.close({ force: ended === 'by a failure' || interrupt.signal.aborted });
    await audit.close();
  }
}

async function serverOptions({
  deadline,
  minDeadline,
  maxBody,
  metricsDetail: detail,
  metricsBuckets: buckets,
  tokens,
  adminTokens,
  cert,
  key,
}: ServeOptions): Promise<ServerOptions> {
  const clients = tokens === undefined ? undefined : await readTokens(tokens);
  const administration = adminTokens === undefined ? undefined : await readTokens(adminTokens);
  return {
    tokens: { ...(clients && { clients }), ...(administration && { administration }) },
    ...(deadline !== undefined && { deadlineMs: deadline }),
    ...(minDeadline !== undefined && { minDeadlineMs: minDeadline }),
    metrics: { ...(detail && { detail }), ...(buckets && { buckets }) },
    ...(maxBody !== undefined && { maxBodyBytes: maxBody }),
    ...((cert !== undefined || key !== undefined) && {
      tls: { cert: await pem('--cert', cert), key: await pem('--key', key) },
    }),
  };
}

async function pem(option: string, path: string | undefined): Promise<string> {
  if (path === undefined) throw new PluginError('ERR_INVALID_ARGUMENT', `\`${option}\` is missing: HTTPS needs both`);
  return readText(path);
}

function listenToPlugins(engine: PluginEngine, logs: boolean): void {
  if (logs) engine.on('plugin:log', ({ level, plugin, message }) => say(`[${level}] ${plugin}: ${message}`));
  engine.on('plugin:loaded', ({ name, version }) => say(`Loaded ${name} ${version}`));
  engine.on('plugin:reloaded', ({ name, version }) => say(`Reloaded ${name} ${version}`));
  engine.on('plugin:unloaded', ({ name }) => say(`Unloaded ${name}`));
  engine.on('plugin:reload-failed', (name, error) => say(`Cannot load ${name}: ${explain(error)}`));
  engine.on('plugin:warning', ({ plugin, message }) => say(`[warning] ${plugin}: ${message}`));
  engine.on('worker:terminated', ({ plugin, requestId, code }) =>
    say(`[${requestId}] ${plugin} cost a thread (${code})`),
  );
  engine.on('watcher:lost', (path) => say(`The directory ${path} is gone; its plugins stay.`));
}

function described({ requestId, status, error }: RequestFailure): string {
  const what = error instanceof PluginError ? `${error.plugin ?? ''}: ${explain(error)}` : String(error);
  return `[${requestId}] ${status} ${what}`;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
