/** What jco has of wasm-tools. `npm run build` puts the tools themselves in the place of this import, as in `bindgen.ts`. */
export { componentEmbed, componentNew, componentWit, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
