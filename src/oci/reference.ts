import { invalidArgument } from '../arguments/arguments.ts';

/**
 * Where an artifact lies: `oci://registry.example.org/acme/redact:1.2`, or by what it holds:
 * `oci://registry.example.org/acme/redact@sha256:…`. The grammar is that of the OCI distribution specification.
 */
export interface OciReference {
  /** Host, and port if there is one. */
  readonly registry: string;
  readonly repository: string;
  /** `latest` where neither a tag nor a digest is named. */
  readonly tag: string | undefined;
  /** `sha256:` and 64 digits: where it is named, nothing else is taken for the artifact. */
  readonly digest: string | undefined;
}

const SCHEME = 'oci://';
/** A name or address with a port; IPv6 in brackets. */
const REGISTRY = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::\d{1,5})?$/i;
const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const REPOSITORY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
/** Longest repository that registries have to take. */
const MAX_REPOSITORY = 255;

/** Whether a source is meant as a reference. */
export function isReference(source: unknown): source is string {
  return typeof source === 'string' && source.slice(0, SCHEME.length).toLowerCase() === SCHEME;
}

/** Whether text is a digest as the engine takes it: SHA-256, which is what all registries have. */
export function isDigest(text: unknown): text is string {
  return typeof text === 'string' && DIGEST.test(text);
}

/** @throws {PluginError} `ERR_INVALID_ARGUMENT`. */
export function parseReference(text: string): OciReference {
  const rest = text.slice(SCHEME.length);
  const slash = rest.indexOf('/');
  const registry = rest.slice(0, Math.max(slash, 0));
  const [, repository = '', tag, digest] = /^([^:@]*)(?::([^@]*))?(?:@(.*))?$/s.exec(rest.slice(slash + 1)) ?? [];
  const fits =
    isReference(text) &&
    REGISTRY.test(registry) &&
    // Some have a port, or an address, that there is not.
    URL.canParse(`https://${registry}`) &&
    repository.length <= MAX_REPOSITORY &&
    REPOSITORY.test(repository) &&
    (tag === undefined || TAG.test(tag)) &&
    (digest === undefined || DIGEST.test(digest));
  if (!fits) {
    const hint = 'Names are written in lower case; a user and a password stand in the configuration of Docker.';
    throw invalidArgument('source', 'oci://REGISTRY/REPOSITORY:TAG or …@sha256:DIGEST', text, hint);
  }
  return { registry, repository, tag: tag ?? (digest === undefined ? 'latest' : undefined), digest };
}

/** As text that {@link parseReference} reads; with a digest, the artifact that had it. */
export function formatReference({ registry, repository, tag, digest }: OciReference): string {
  return `${SCHEME}${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** Where its registry answers: by HTTPS, but for one on this machine, as Docker has it. */
export function originOf({ registry }: OciReference): string {
  // Docker Hub's name is not where its API is.
  if (registry === 'docker.io' || registry === 'index.docker.io') return 'https://registry-1.docker.io';
  return `${isThisMachine(new URL(`https://${registry}`)) ? 'http' : 'https'}://${registry}`;
}

/** Whether what is asked there leaves no network card. */
export function isThisMachine({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
