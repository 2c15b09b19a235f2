import type { ImportingInstance } from '../supplied-modules.ts';

/** `wasi:config/store`, and `runtime` as earlier drafts call it: the configuration that the plugin is loaded with. */
export default ({ config }: ImportingInstance): object => ({
  get: (key: string): string | undefined => (Object.hasOwn(config, key) ? config[key] : undefined),
  getAll: (): [string, string][] => Object.entries(config),
});
