/** The pages whose blocks of TypeScript, JavaScript and console sessions `examples.test.ts` runs. */
export const EXECUTED: readonly string[] = [
  'README.md',
  'docs/start.md',
  'docs/write-a-plugin.md',
  'docs/embed.md',
  'docs/testing.md',
  'docs/bundlers.md',
  'docs/batch.md',
  'docs/call.md',
  'docs/cli.md',
  'docs/limits.md',
  'docs/performance.md',
  'docs/security.md',
  'docs/versions.md',
  'docs/reload.md',
  'docs/health.md',
  'docs/errors.md',
  'docs/observe.md',
  'docs/replay.md',
  'docs/serve.md',
  'examples/plugins/README.md',
];

/** Those that need a server of Redis: `test/distributed/docs.test.ts` runs them where there is one. */
export const NEEDS_REDIS: readonly string[] = ['docs/scaling.md'];

/** Those that need a registry: `test/oci/docs.test.ts` runs them where there is one. */
export const NEEDS_REGISTRY: readonly string[] = ['docs/registries.md'];
