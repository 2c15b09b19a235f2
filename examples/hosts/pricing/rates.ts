import { type ImportingInstance, WitError } from '../../../src/host/imports/host-module.ts';

/** Dollars that one unit of a currency is worth. */
const WORTH = new Map([
  ['USD', 1],
  ['EUR', 1.25],
]);

/** `acme:pricing/rates`, for one instance of a plugin. */
export default ({ config }: ImportingInstance): object => ({
  convert(amount: number, from: string, to: string): number {
    const [source, target] = [WORTH.get(from), WORTH.get(to)];
    // An `err` of the WIT, which the plugin sees. Anything else that is thrown here ends the request.
    if (source === undefined || target === undefined) throw new WitError(`no rate from ${from} to ${to}`);
    return (amount * source * (1 - Number(config.fee ?? 0))) / target;
  },
});
