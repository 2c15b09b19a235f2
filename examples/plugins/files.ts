type PluginName = 'redact' | 'csvToJson' | 'wordCount' | 'links' | 'greys' | 'render' | 'timestamps';

/** Where the components of the example plugins lie; `npm run guests` builds those that are not committed. */
export const pluginFiles: Readonly<Record<PluginName, URL>> = {
  redact: new URL('redact/redact.wasm', import.meta.url),
  csvToJson: new URL('csv-to-json/build/csv-to-json.wasm', import.meta.url),
  wordCount: new URL('word-count/build/word-count.wasm', import.meta.url),
  links: new URL('links/build/links.wasm', import.meta.url),
  greys: new URL('greys/greys.wasm', import.meta.url),
  render: new URL('render/render.wasm', import.meta.url),
  timestamps: new URL('timestamps/timestamps.wasm', import.meta.url),
};
