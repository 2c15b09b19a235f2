/** `namespace:package/interface@version`, the name under which components import and export an interface. */
export interface InterfaceName {
  /** `namespace:package`. */
  readonly package: string;
  readonly interface: string;
  readonly version: string | undefined;
}

const PATTERN = /^([a-z][a-z0-9-]*:[a-z][a-z0-9-]*)\/([a-z][a-z0-9-]*)(?:@(.+))?$/;

/** The parts of an interface's name; undefined for what is not the name of an interface in a package. */
export function parseInterfaceName(name: string): InterfaceName | undefined {
  const match = PATTERN.exec(name);
  if (match === null) return undefined;
  return { package: match[1]!, interface: match[2]!, version: match[3] };
}

/** The version of a release. */
export type Release = readonly [major: number, minor: number, patch: number];

/** Undefined for a pre-release, which promises no compatibility. */
export function releasedVersion(version: string): Release | undefined {
  const match = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:\+[0-9A-Za-z.-]+)?$/.exec(version);
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3])];
}

/** Above 0 when the first one is newer, below it when the other one is. */
export function compareReleases(one: Release, other: Release): number {
  return one[0] - other[0] || one[1] - other[1] || one[2] - other[2];
}
