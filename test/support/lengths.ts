/** Whether a suite is defined for `npm test`, or for `npm run test:long`: see CONTRIBUTING.md. */
export type Length = 'short' | 'long';

type Define = (title: string, test: Mocha.AsyncFunc | Mocha.Func) => void;

/** In place of `it`, in a suite that a short and a long file of tests share: each test is defined in one of the two. */
export function lengths(length: Length): { readonly short: Define; readonly long: Define } {
  const define: Define = (title, test) => void it(title, test as Mocha.Func);
  const leave: Define = () => {};
  return length === 'short' ? { short: define, long: leave } : { short: leave, long: define };
}
