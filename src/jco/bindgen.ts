/**
 * jco's bindings generator, without the parts of its package (binaryen, a minifier) that nothing here runs: `npm run build`
 * puts the generator itself in the place of this import (`scripts/bundle-jco.ts`), so that users do not install the rest.
 */
export { $init, generate } from '@bytecodealliance/jco-transpile/component';
