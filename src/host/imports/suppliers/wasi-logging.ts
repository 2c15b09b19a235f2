import type { ImportingInstance } from '../supplied-modules.ts';

const CRITICAL = 'critical';

/** `wasi:logging/logging`: what a plugin logs is told as `plugin:log`, within the policy's `maxLogBytes`. */
export default ({ log }: ImportingInstance): object => ({
  log(level: Parameters<ImportingInstance['log']>[0] | typeof CRITICAL, context: string, message: string): void {
    // Beyond the budget of the call there is no error in this interface that could say so.
    log(level === CRITICAL ? 'error' : level, context === '' ? message : `${context}: ${message}`);
  },
});
