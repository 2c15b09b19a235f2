/** Where the components of the example plugins lie; `npm run guests` builds those that are not committed. */
export const pluginFiles: { readonly redact: URL; readonly csvToJson: URL; readonly wordCount: URL } = {
  redact: new URL('redact/redact.wasm', import.meta.url),
  csvToJson: new URL('csv-to-json/build/csv-to-json.wasm', import.meta.url),
  wordCount: new URL('word-count/build/word-count.wasm', import.meta.url),
};
