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

/** Major, minor and patch of a released version; undefined for a pre-release, which promises no compatibility. */
export function releasedVersion(version: string): readonly [major: number, minor: number, patch: number] | undefined {
  const match = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:\+[0-9A-Za-z.-]+)?$/.exec(version);
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3])];
}
