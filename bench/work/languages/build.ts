/** Builds the plugin in a language: `node build.ts LANGUAGE OUTPUT`. */
import { writeFile } from 'node:fs/promises';
import { LANGUAGES } from '../languages.ts';

const [name, output] = process.argv.slice(2) as [string, string];
const { component } = LANGUAGES[name]!;
if (typeof component === 'string') throw new Error(`The plugin in ${name} is built: ${component}`);
await writeFile(output, await component());
