import type { ComponentAnalysis } from '../../component/analyze.ts';
import { type ExportedFunction, exportedFunctions } from '../../component/exported-functions.ts';
import { quoted } from './names.ts';
import { namesIn, namespacesOf, namespaceText } from './namespaces.ts';
import { parametersText, RESULT, returnText } from './signatures.ts';
import { bounded, type Names, type Text } from './type-text.ts';

/** What the declarations are of. */
interface Origin {
  /** The name under which the component will be loaded. */
  readonly name: string;
  readonly sha256: string;
}

/**
 * TypeScript declarations of what a component exports, in the shapes in which `engine.call` passes values. They extend
 * the library's interface `PluginFunctions`, so that calls to the plugin of that name are checked.
 *
 * @throws {Failure} with status 2 when the component has more types than could be of use.
 */
export function declarationsOf(analysis: ComponentAnalysis, origin: Origin): string {
  return bounded(fileText(analysis, origin));
}

function* fileText(analysis: ComponentAnalysis, { name, sha256 }: Origin): Text {
  const namespaces = namespacesOf([...analysis.exports, ...analysis.imports], ['Functions', 'Result'], 'left out');
  const names = namesIn(namespaces);
  yield `// Written by \`wasm-plugin-pool types\` from the component with the SHA-256 ${sha256}; do not edit.\n`;
  yield "import 'wasm-plugin-pool';\n";
  for (const space of namespaces) yield* namespaceText(space, names);
  yield* functionsText(exportedFunctions(analysis.exports), names);
  yield `\ndeclare module 'wasm-plugin-pool' {\n  interface PluginFunctions {\n    ${quoted(name)}: Functions;\n  }\n}\n`;
}

function* functionsText(functions: readonly ExportedFunction[], names: Names): Text {
  const results = functions.some(({ type }) => type.result?.kind === 'result');
  if (results) yield RESULT;
  yield '\n/** What `engine.call` reaches, by path. */\nexport interface Functions {\n';
  for (const { path, type, obstacle } of functions) {
    if (obstacle !== undefined) {
      yield `  // ${path}: not from another thread, for ${obstacle}.\n`;
      continue;
    }
    yield `  ${quoted(path)}: (`;
    yield* parametersText(type, names);
    yield ') => ';
    yield* returnText(type, names);
    yield ';\n';
  }
  yield '}\n';
}
