/** The version of jco-transpile that is used: part of the key of every artifact. A test holds it to the package. */
export const JCO_VERSION = '0.15.0';
