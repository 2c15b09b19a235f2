import { appendFileSync } from 'node:fs';
import Mocha from 'mocha';

/**
 * The usual reporter, which also adds the file of each test or hook that fails to the one that
 * `WASM_PLUGIN_POOL_FAILED_FILES` names: `.ci/run` runs those files again, alone.
 */
export default class Reporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    const list = process.env.WASM_PLUGIN_POOL_FAILED_FILES;
    if (list === undefined) return;
    runner.on('fail', ({ file, parent }: Mocha.Test | Mocha.Hook) => {
      appendFileSync(list, `${file ?? parent?.file ?? 'a file that mocha does not know'}\n`);
    });
  }
}
