/** The plugin. What it does is in slug.ts. */
import { getConfig, logMessage } from 'toolsku:plugin-system/host-api@1.0.0';
import { definePlugin, Refusal } from 'wasm-plugin-pool/plugin';
import { slug } from './slug.ts';

/** What stands between words unless a request says otherwise. */
let separator = '-';

export const pluginApi = definePlugin({
  name: 'my-plugin',
  version: '0.1.0',
  description: 'Makes a slug of a title',

  initialize() {
    separator = getConfig('separator') ?? separator;
    logMessage('info', `separates words with ${separator}`);
  },

  process({ input, options }) {
    let between = separator;
    for (const [name, value] of options) {
      if (name !== 'separator') throw new Refusal(`unknown option "${name}"; known is: separator`);
      between = value;
    }
    const made = slug(input, between);
    if (made === '') throw new Refusal('the input has no letter or digit');
    return made;
  },
});
