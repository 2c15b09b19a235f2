/** The plugin `csv-to-json`: CSV text in, a JSON array out. Exports what the world `plugin-world` wants. */
import { getConfig, logMessage } from 'toolsku:plugin-system/host-api@1.0.0';
import { CsvError, csvToJson } from './csv.js';

/** What each option may be, and what it becomes. */
const OPTIONS = new Map([
  [
    'delimiter',
    (value) => {
      const delimiter = value === 'tab' ? '\t' : value;
      if ([...delimiter].length !== 1 || '"\r\n'.includes(delimiter)) {
        throw new OptionError(`option "delimiter" is ${JSON.stringify(value)}; expected one character, or "tab"`);
      }
      return delimiter;
    },
  ],
  [
    'header',
    (value) => {
      if (value !== 'true' && value !== 'false') {
        throw new OptionError(`option "header" is ${JSON.stringify(value)}; expected "true" or "false"`);
      }
      return value === 'true';
    },
  ],
]);

class OptionError extends Error {}

let defaults = {};

function parseOptions(pairs) {
  const parsed = {};
  for (const [name, value] of pairs) {
    const parse = OPTIONS.get(name);
    if (parse === undefined) {
      throw new OptionError(`unknown option ${JSON.stringify(name)}; known are: ${[...OPTIONS.keys()].join(', ')}`);
    }
    parsed[name] = parse(value);
  }
  return parsed;
}

export const pluginApi = {
  /** The configuration may hold any option, as the default for requests that do not give it. */
  initialize() {
    const configured = [...OPTIONS.keys()].map((name) => [name, getConfig(name)]);
    try {
      defaults = parseOptions(configured.filter(([, value]) => typeof value === 'string'));
    } catch (error) {
      throw error.message; // a thrown string is the error of WIT's result
    }
    logMessage('info', `defaults: ${JSON.stringify(defaults)}`);
  },

  process({ input, options }) {
    try {
      const output = csvToJson(input, { ...defaults, ...parseOptions(options) });
      return { output, success: true, errorMessage: undefined };
    } catch (error) {
      if (!(error instanceof CsvError || error instanceof OptionError)) throw error;
      return { output: '', success: false, errorMessage: error.message };
    }
  },

  shutdown() {},

  getMetadata() {
    return { name: 'csv-to-json', version: '1.0.0', description: 'Turns CSV (RFC 4180) into a JSON array' };
  },
};
