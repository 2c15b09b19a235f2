/** The plugin `links`: Markdown or HTML in, its links as JSON out. */
import { getConfig, logMessage } from 'toolsku:plugin-system/host-api@1.0.0';
import { definePlugin, Refusal } from 'wasm-plugin-pool/plugin';
import { findLinks, type Link } from './links.ts';

/** A test for a link's URL. */
type Filter = (url: string) => boolean;

const FILTERS: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ['all', () => true],
  ['external', (url) => /^https?:/iu.test(url)],
  ['internal', (url) => !/^[a-z][a-z\d+.-]*:|^\/\//iu.test(url)],
]);

let defaultOnly = 'all';

function filterOf(only: string): Filter {
  const filter = FILTERS.get(only);
  if (filter !== undefined) return filter;
  throw new Refusal(`"only" is ${JSON.stringify(only)}; expected ${[...FILTERS.keys()].join(', ')}`);
}

export const pluginApi = definePlugin({
  name: 'links',
  version: '1.0.0',
  description: 'Lists the links of a Markdown or HTML text',

  initialize() {
    defaultOnly = getConfig('only') ?? defaultOnly;
    filterOf(defaultOnly);
    logMessage('info', `lists ${defaultOnly} links unless a request says otherwise`);
  },

  process({ input, options }) {
    let only = defaultOnly;
    for (const [name, value] of options) {
      if (name !== 'only') throw new Refusal(`unknown option ${JSON.stringify(name)}; known is: only`);
      only = value;
    }
    const filter = filterOf(only);
    const links: Link[] = [];
    for (const link of findLinks(input)) if (filter(link.url)) links.push(link);
    return JSON.stringify(links);
  },
});
