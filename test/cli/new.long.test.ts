import { Workplace } from './cli.ts';
import { makesProjectsThatBuild } from './new-projects.ts';

describe('wasm-plugin-pool new, in languages whose compilers take long', () => {
  makesProjectsThatBuild(new Workplace(), ['typescript', 'assemblyscript']);
});
