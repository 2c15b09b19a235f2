import { PluginError } from '../errors.ts';
import { Reader } from './reader.ts';

const WRAP = 'make a component of the module with `wasm-plugin-pool componentize MODULE.wasm PLUGIN.wasm`';

/** What to do about a core module, by the language that its tools name in the section `producers`. */
const BY_LANGUAGE: ReadonlyMap<string | undefined, string> = new Map([
  ['Rust', `Compile for the target \`wasm32-wasip2\` (\`rustup target add wasm32-wasip2\`), or ${WRAP}.`],
  ['Go', `Go compiles to core modules: ${WRAP}.`],
  ['C', `clang compiles to core modules: ${WRAP}, or build with the wasi-sdk for \`wasm32-wasip2\`.`],
]);
const OTHERWISE = `If it has the contract's functions, ${WRAP}; or compile for the target \`wasm32-wasip2\`.`;

/** Files that are taken for plugins: how they begin, what they are, and what to do. */
const MISTAKEN: readonly (readonly [string, string, string])[] = [
  ['(', 'It looks like the text format.', '`wasm-tools parse PLUGIN.wat -o PLUGIN.wasm` assembles it.'],
  ['version https://git-lfs', 'It is a pointer of Git LFS.', '`git lfs pull` brings the file.'],
  ['\u001f\u008b', 'It is compressed.', '`gunzip` it first.'],
];

/** A file that is no WebAssembly at all. */
export function notWebAssembly(bytes: Uint8Array): PluginError {
  const beginning = String.fromCharCode(...bytes.subarray(0, 64));
  const mistaken = MISTAKEN.find(([start]) => beginning.startsWith(start));
  const hint =
    mistaken?.[2] ?? 'Give the component that the build makes; `wasm-plugin-pool new` begins a project with one.';
  const message = `The ${bytes.length} bytes are not WebAssembly.${mistaken === undefined ? '' : ` ${mistaken[1]}`}`;
  return new PluginError('ERR_NOT_A_COMPONENT', message, { hint });
}

/** A core module, with what its language does about it. */
export function coreModule(bytes: Uint8Array): PluginError {
  const hint = BY_LANGUAGE.get(languageOf(bytes)) ?? OTHERWISE;
  return new PluginError('ERR_NOT_A_COMPONENT', 'The bytes are a core WebAssembly module, not a component.', { hint });
}

/**
 * The first language in the section `producers`; undefined where there is none, or it cannot be read.
 * https://github.com/WebAssembly/tool-conventions/blob/main/ProducersSection.md
 */
function languageOf(bytes: Uint8Array): string | undefined {
  try {
    const reader = new Reader(bytes, { start: 8, end: bytes.length });
    while (!reader.done) {
      const id = reader.u8();
      const section = new Reader(bytes, reader.take(reader.u32(), 'a section'));
      if (id !== 0 || section.name() !== 'producers') continue;
      for (let fields = section.u32(); fields > 0; fields--) {
        const field = section.name();
        const names = section.vec('producers', () => [section.name(), section.name()] as const);
        // `C11`, `C_plus_plus_14`: one compiler.
        if (field === 'language' && names[0] !== undefined)
          return /^C(\d|_plus_plus)/.test(names[0][0]) ? 'C' : names[0][0];
      }
    }
  } catch {
    // It is refused anyway: a hint is no reason to refuse it for something else.
  }
  return undefined;
}
