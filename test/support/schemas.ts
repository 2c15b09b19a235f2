import { readFile } from 'node:fs/promises';
import { Ajv, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';

const validators = new Map<string, Promise<ValidateFunction>>();

/** The published schema of this name, as a function that checks. */
export function schemaOf(name: string): Promise<ValidateFunction> {
  let validator = validators.get(name);
  if (validator === undefined) {
    validator = compiled(name);
    validators.set(name, validator);
  }
  return validator;
}

async function compiled(name: string): Promise<ValidateFunction> {
  const schema = JSON.parse(await readFile(new URL(`../../schemas/${name}.json`, import.meta.url), 'utf8'));
  const options = {
    allErrors: true,
    strictTypes: false,
    formats: { 'date-time': /^\d{4}-\d\d-\d\dT[\d:.]+Z$/ },
  } as const;
  return schema.$schema.includes('2020-12') ? new Ajv2020(options).compile(schema) : new Ajv(options).compile(schema);
}

/** Fails unless a value is what the published schema of this name says. */
export async function expectSchema(name: string, value: unknown): Promise<void> {
  const validate = await schemaOf(name);
  if (validate(value)) return;
  const problems = validate.errors?.map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
  throw new Error(
    `This is not what schemas/${name}.json says:\n${problems?.join('\n')}\n${JSON.stringify(value).slice(0, 1000)}`,
  );
}
