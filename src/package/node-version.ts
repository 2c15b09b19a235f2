/** The oldest Node that the package runs on: that of `engines` in `package.json`, as a test says. */
export const OLDEST_NODE = '22.19';

/** Why this Node will not do; undefined where it will. */
export function unsupportedNode(version: string = process.versions.node): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE.split('.').map(Number);
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return undefined;
  return `wasm-plugin-pool needs Node ${OLDEST_NODE} or later, and this is Node ${version}`;
}
