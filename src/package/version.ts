/** The version of this package: that of `package.json`, as a test says. A bundle of this code has no such file beside it. */
export const VERSION = '0.1.0';
