import { REPORT_FORMAT, type Report } from './report.ts';

/** As much of JSON Schema (2020-12) as {@link REPORT_SCHEMA} uses. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?:
    | 'object'
    | 'array'
    | 'string'
    | 'number'
    | 'integer'
    | 'null'
    | readonly ('string' | 'number' | 'null')[];
  readonly const?: number | string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: false | JsonSchema;
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
}

const text: JsonSchema = { type: 'string' };
const number: JsonSchema = { type: 'number' };
const count: JsonSchema = { type: 'integer', minimum: 0 };
/** JSON has no infinity: an interval without a bound has null there. */
const bound: JsonSchema = { type: ['number', 'null'] };
const list = (items: JsonSchema): JsonSchema => ({ type: 'array', items });
const dictionary = (additionalProperties: JsonSchema): JsonSchema => ({ type: 'object', additionalProperties });
const record = (properties: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

/** The JSON Schema of a report. */
export const REPORT_SCHEMA: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'A benchmark report of wasm-plugin-pool',
  ...record({
    format: { const: REPORT_FORMAT },
    startedAt: { ...text, description: 'ISO 8601' },
    durationMs: { ...number, minimum: 0 },
    effort: text,
    machine: record({ cpu: text, cores: count, memoryBytes: count, system: text }),
    versions: dictionary(text),
    load: record({
      before: { ...number, description: 'Load average of one minute' },
      after: number,
      calibration: { ...list(number), description: 'Rounds of a fixed loop per millisecond, over the run' },
    }),
    subject: record({ file: text, sha256: text, bytes: count }),
    threads: count,
    questions: { ...dictionary(text), description: 'What each scenario answers, by its name' },
    cases: list(
      record({
        scenario: text,
        case: { ...text, description: 'Unique in its scenario' },
        parameters: dictionary({ type: ['string', 'number'] }),
        rounds: count,
        roundMs: { ...number, minimum: 0 },
        metrics: list(
          record({
            name: text,
            unit: text,
            better: { enum: ['higher', 'lower'] },
            candidates: list(
              record({
                name: text,
                values: { ...list(number), description: 'One for each round, as measured' },
                median: number,
                min: number,
                max: number,
              }),
            ),
            comparisons: {
              ...list(
                record({
                  candidate: text,
                  than: text,
                  ratio: { ...bound, description: 'Median of the ratios of rounds that followed each other' },
                  low: { ...bound, description: 'Of the interval of 95 %' },
                  high: { ...bound, description: 'Of the interval of 95 %; null when there are too few rounds' },
                  verdict: { enum: ['better', 'worse', 'noise'] },
                }),
              ),
              description: 'The first candidate against each other one',
            },
            winner: { type: ['string', 'null'], description: 'Better than every other one, beyond the noise' },
          }),
        ),
        latency: {
          ...dictionary(list({ type: 'array', prefixItems: [number, number] })),
          description: 'By candidate: percentages, and in how many milliseconds so many were answered',
        },
      }),
    ),
    skipped: { ...list(record({ scenario: text, candidate: text, reason: text })), description: 'And why' },
  }),
};

/**
 * A report from JSON that somebody else may have written.
 *
 * @throws {TypeError} that says where it is not what {@link REPORT_SCHEMA} says.
 */
export function parseReport(json: string): Report {
  const value: unknown = JSON.parse(json);
  const problem = findProblem(value, REPORT_SCHEMA, 'report');
  if (problem !== undefined) throw new TypeError(`This is no benchmark report: ${problem}.`);
  return JSON.parse(json, (key, entry) =>
    entry === null && key === 'high' ? Number.POSITIVE_INFINITY : entry,
  ) as Report;
}

/** A report as JSON, for {@link parseReport}; fractions to six digits, which is more than any of them means. */
export function formatReport(report: Report): string {
  const round = (_key: string, value: unknown): unknown =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
  // It has no infinity either: that becomes null.
  const json = JSON.stringify(report, round, 2);
  // Lists of numbers take a line each. A line break is never inside of a string of JSON.
  return `${json.replace(/\[\n[\s\d.,e+-]*\]/g, (numbers) => numbers.replace(/\s+/g, ' '))}\n`;
}

/** Where a value is not as a schema says, in words; undefined when it is. */
export function findProblem(value: unknown, schema: JsonSchema, at: string): string | undefined {
  if (schema.const !== undefined && value !== schema.const)
    return `expected \`${at}\` to be ${schema.const}, got ${JSON.stringify(value)}`;
  if (schema.enum !== undefined && !schema.enum.includes(value as string))
    return `expected \`${at}\` to be one of ${schema.enum.join(', ')}, got ${JSON.stringify(value)}`;
  const types = schema.type === undefined ? undefined : [schema.type].flat();
  if (types !== undefined && !types.some((type) => isOf(value, type)))
    return `expected \`${at}\` to be of type ${types.join(' or ')}, got ${JSON.stringify(value)?.slice(0, 40)}`;
  if (schema.minimum !== undefined && (value as number) < schema.minimum)
    return `expected \`${at}\` to be ${schema.minimum} or more, got ${value}`;
  if (Array.isArray(value)) return findInArray(value, schema, at);
  if (typeof value === 'object' && value !== null) return findInObject(value, schema, at);
  return undefined;
}

function findInArray(values: readonly unknown[], schema: JsonSchema, at: string): string | undefined {
  for (const [index, value] of values.entries()) {
    const expected = schema.prefixItems?.[index] ?? schema.items;
    const problem = expected && findProblem(value, expected, `${at}[${index}]`);
    if (problem !== undefined) return problem;
  }
  if (values.length < (schema.prefixItems?.length ?? 0))
    return `expected \`${at}\` to have ${schema.prefixItems!.length} items, got ${values.length}`;
  return undefined;
}

function findInObject(value: object, schema: JsonSchema, at: string): string | undefined {
  const missing = schema.required?.find((key) => !Object.hasOwn(value, key));
  if (missing !== undefined) return `\`${at}.${missing}\` is missing`;
  const known = schema.properties ?? {};
  for (const [key, entry] of Object.entries(value)) {
    const expected = Object.hasOwn(known, key) ? known[key] : schema.additionalProperties;
    if (expected === false) return `\`${at}.${key}\` is not known`;
    const problem = expected && findProblem(entry, expected, `${at}.${key}`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function isOf(value: unknown, type: string): boolean {
  switch (type) {
    case 'integer':
      return Number.isInteger(value);
    case 'array':
      return Array.isArray(value);
    case 'null':
      return value === null;
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    default:
      return typeof value === type;
  }
}
