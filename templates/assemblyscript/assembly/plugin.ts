/** The plugin. What it does is in slug.ts. */
import { Entry, getConfig, logMessage, Metadata, Response } from './component';
import { slug } from './slug';

/** What stands between words unless a request says otherwise. */
let separator = '-';

/** Returns why the plugin cannot start, or null. */
export function initialize(_config: Array<Entry>): string | null {
  const configured = getConfig('separator');
  if (configured !== null) separator = configured;
  return logMessage('info', `separates words with ${separator}`);
}

export function process(input: string, options: Array<Entry>): Response {
  let between = separator;
  for (let i = 0; i < options.length; i++) {
    const option = options[i];
    if (option.key != 'separator') return new Response('', `unknown option "${option.key}"; known is: separator`);
    between = option.value;
  }
  const made = slug(input, between);
  return made.length > 0 ? new Response(made) : new Response('', 'the input has no letter or digit');
}

/** Returns what went wrong at the end, or null. */
export function shutdown(): string | null {
  return null;
}

export function getMetadata(): Metadata {
  return new Metadata('my-plugin', '0.1.0', 'Makes a slug of a title');
}
