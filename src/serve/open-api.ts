import type { PluginEngine } from '../engine.ts';
import { VERSION } from '../package/version.ts';
import type { DescribedFunction } from '../request/described-functions.ts';
import { isOfContract } from './call.ts';
import type { ResolvedHandlerOptions } from './options.ts';

type Json = Readonly<Record<string, unknown>>;

/** Functions that the document describes: it is made anew each time, while requests wait. */
const MAX_FUNCTIONS = 2000;

/** What can be asked of the plugins that are loaded now, as OpenAPI 3.1 has it. */
export function openApi(engine: PluginEngine, { access }: ResolvedHandlerOptions): Json {
  const paths: Record<string, Json> = {};
  const schemas: Record<string, Json> = { problem: PROBLEM };
  let described = 0;
  for (const { name, world } of engine.listPlugins()) {
    const place = `/plugins/${encodeURIComponent(name)}`;
    if (world !== 'none') paths[place] = { post: processOperation(name) };
    const prefix = `${componentName(name)}.`;
    const { functions, definitions } = engine.functions(name, { refs: `#/components/schemas/${prefix}` });
    for (const func of functions) {
      if (isOfContract(func.path) || described >= MAX_FUNCTIONS) continue;
      described++;
      paths[`${place}/call/${addressOf(func.path)}`] = { post: callOperation(name, func) };
    }
    for (const [key, schema] of Object.entries(definitions)) schemas[`${prefix}${key}`] = schema;
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Plugins', version: VERSION },
    paths,
    components: { schemas, ...(access.isClosed && { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } }) },
    ...(access.isClosed && { security: [{ token: [] }] }),
  };
}

function processOperation(name: string): Json {
  return {
    operationId: `process ${name}`,
    requestBody: {
      required: true,
      content: {
        'text/plain': { schema: { type: 'string' } },
        'application/json': {
          schema: {
            type: 'object',
            properties: {
              input: { type: 'string' },
              options: { type: 'object', additionalProperties: { type: 'string' } },
            },
            required: ['input'],
            additionalProperties: false,
          },
        },
      },
    },
    responses: {
      200: answer({
        'text/plain': { schema: { type: 'string' } },
        'application/json': {
          schema: {
            type: 'object',
            properties: {
              output: { type: 'string' },
              success: { type: 'boolean' },
              errorMessage: { type: 'string' },
            },
            required: ['output', 'success'],
          },
        },
      }),
      default: REFUSED,
    },
  };
}

function callOperation(name: string, { path, args, params, result }: DescribedFunction): Json {
  return {
    operationId: `${name} ${path}`,
    requestBody: { required: params.length > 0, content: { 'application/json': { schema: args } } },
    responses: {
      200: answer({ 'application/json': { schema: result ?? { type: 'null' } } }),
      default: REFUSED,
    },
  };
}

function answer(content: Json): Json {
  return { description: 'What the plugin answers.', content };
}

const PROBLEM: Json = {
  type: 'object',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string' },
    requestId: { type: 'string' },
  },
  required: ['type', 'title', 'status', 'requestId'],
};

const REFUSED: Json = {
  description: 'Why there is no answer.',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/problem' } } },
};

/** A name as OpenAPI lets schemas have: what it has no place for is written as its number. */
function componentName(name: string): string {
  return name.replace(/[^\w-]/gu, (character) => `.${character.codePointAt(0)!.toString(16)}`);
}

/** The path of a function as an address has it. */
function addressOf(path: string): string {
  return path.replace('#', '/');
}
