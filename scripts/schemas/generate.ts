import { fileURLToPath } from 'node:url';
import { createGenerator } from 'ts-json-schema-generator';
import type { NumberRange } from '../../src/arguments/arguments.ts';
import { REPORT_SCHEMA } from '../../src/bench/schema.ts';
import { FAILURE_POLICY_NUMBERS } from '../../src/health/failure-policy.ts';
import { POLICY_NUMBERS, POLICY_TEXTS } from '../../src/host/policy/policy.ts';

/** A JSON Schema, as the generator makes it. */
interface Schema {
  type?: string;
  description?: string;
  default?: unknown;
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
  [keyword: string]: unknown;
}

/** The files of `schemas/`, without `.json`, and the types in `documents.ts`. */
const DOCUMENTS = {
  policy: ['PolicyFile', 'A policy of wasm-plugin-pool'],
  'plugin-options': ['OptionFile', 'The options of a watched plugin of wasm-plugin-pool'],
  inspect: ['Inspect', 'What `inspect --json` prints'],
  check: ['Check', 'What `check --json` prints'],
  run: ['Run', 'What `run --json` prints'],
  batch: ['Batch', 'What `batch --json` and `submit --json` print'],
  conformance: ['Conformance', 'What `conformance --json` prints'],
  'cache-path': ['CachePath', 'What `cache path --json` prints'],
  'cache-list': ['CacheList', 'What `cache list --json` prints'],
  'cache-prune': ['CachePrune', 'What `cache prune --json` prints'],
  build: ['Build', 'What `build --json` prints'],
  new: ['New', 'What `new --json` prints'],
  pull: ['Pull', 'What `pull --json` prints'],
  push: ['Push', 'What `push --json` prints'],
  replay: ['Replay', 'What `replay --json` prints'],
  doctor: ['Doctor', 'What `doctor --json` prints'],
} as const satisfies Readonly<Record<string, readonly [type: string, title: string]>>;

/**
 * The published schemas by the names of their files: shapes and descriptions are those of the types, bounds are those that
 * the engine checks.
 */
export function generateSchemas(): Map<string, string> {
  const root = new URL('../../', import.meta.url);
  const generator = createGenerator({
    path: fileURLToPath(new URL('scripts/schemas/documents.ts', root)),
    tsconfig: fileURLToPath(new URL('tsconfig.json', root)),
    // `npm run typecheck` does, with a newer compiler.
    skipTypeCheck: true,
    expose: 'none',
    topRef: false,
  });
  const schemas = new Map<string, string>();
  for (const [file, [type, title]] of Object.entries(DOCUMENTS)) {
    const { $schema, definitions, ...schema } = tidied(generator.createSchema(type) as Schema);
    if (file === 'policy') refinePolicy(schema);
    if (file === 'plugin-options') refineOptions(schema);
    const defined = Object.keys(definitions ?? {}).length > 0 ? { definitions } : {};
    schemas.set(`${file}.json`, text({ $schema, title, ...schema, ...defined }));
  }
  schemas.set('bench.json', text(REPORT_SCHEMA));
  return schemas;
}

function text(schema: unknown): string {
  return withoutPlaces(`${JSON.stringify(schema, undefined, 2)}\n`);
}

/** The generator names what has no name by where it stands in its source, so that any edit of that would change it. */
function withoutPlaces(text: string): string {
  const names = [...new Set(text.match(/interface-src_[\w.]+(?:-\d+)+(?:-src_[\w.]+(?:-\d+)+)?/g))];
  return names.reduce((named, name, at) => named.replaceAll(name, `part-${at + 1}`), text);
}

/** Descriptions without what only documentation in TypeScript can show, and defaults only where they are values. */
function tidied(schema: Schema): Schema {
  return JSON.parse(JSON.stringify(schema), (key, value: unknown) => {
    if (key === 'description' && typeof value === 'string') {
      return value
        .replace(/\s*\{@link\s+([^}\s]+)\s*\}\s*/g, ' `$1` ')
        .replace(/ ([.,;:)])/g, '$1')
        .trim();
    }
    if (
      typeof value === 'object' &&
      value !== null &&
      'default' in value &&
      'type' in value &&
      value.type !== 'array'
    ) {
      // Such as "32 MiB" for a number. Those that are numbers come with their bounds.
      if (value.type === 'string' || typeof value.default !== value.type) delete value.default;
    }
    return value;
  }) as Schema;
}

function refinePolicy(policy: Schema): void {
  const properties = editable(policy);
  bound(properties, POLICY_NUMBERS);
  properties.allowEnv!.items!.pattern = POLICY_TEXTS.allowEnv.source;
  properties.sha256!.pattern = POLICY_TEXTS.sha256.source;
}

function refineOptions(options: Schema): void {
  const { sandbox, failurePolicy } = editable(options);
  const policy = sandbox?.anyOf?.find(({ type }) => type === 'object');
  if (policy === undefined || failurePolicy === undefined) throw new Error('The types of the options have changed.');
  refinePolicy(policy);
  delete policy.properties?.$schema;
  bound(failurePolicy.properties!, FAILURE_POLICY_NUMBERS);
}

/** The fields of what people write, among which an editor's `$schema` may be. */
function editable(schema: Schema): Record<string, Schema> {
  const { properties } = schema;
  if (properties === undefined) throw new Error('This is not the schema of an object.');
  schema.properties = { $schema: { type: 'string', description: 'For an editor; not read.' }, ...properties };
  return properties;
}

function bound(properties: Record<string, Schema>, ranges: Readonly<Record<string, NumberRange>>): void {
  for (const [name, { min, max, default: fallback }] of Object.entries(ranges)) {
    const property = properties[name];
    if (property === undefined) throw new Error(`\`${name}\` is checked, and in no type.`);
    const limits = max === Number.MAX_SAFE_INTEGER ? { minimum: min } : { minimum: min, maximum: max };
    const known = fallback === Number.MAX_SAFE_INTEGER ? {} : { default: fallback };
    Object.assign(property, { type: 'integer', ...limits, ...known });
  }
}
