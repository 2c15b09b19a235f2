import type { TypeIndex, TypeNode } from '../canonical-abi/plan/plan.ts';
import { lowerCamel } from '../component/js-names.ts';
import { INTEGERS } from './integers.ts';

/**
 * A schema of JSON Schema 2020-12, as OpenAPI 3.1 has them.
 *
 * @example
 * const schema: JsonSchema = engine.functions('shop').functions[0]!.args;
 */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Types of parts that may have parts again. */
const LARGE: ReadonlySet<TypeNode['kind']> = new Set(['list', 'option']);

/**
 * Makes schemas of the values that `fromJson` takes and `toJson` gives. A type that has several parts, or names, or lists of lists is
 * referred to: one that is used in many places would else be written out in each, and a small component could ask for a
 * document without end.
 */
export class JsonSchemas {
  readonly #types: readonly TypeNode[];
  readonly #prefix: string;
  readonly #definitions = new Map<TypeIndex, JsonSchema>();

  /** @param prefix What a reference has before the number of a type, `#/components/schemas/shop.`. */
  constructor(types: readonly TypeNode[], prefix: string) {
    this.#types = types;
    this.#prefix = prefix;
  }

  /** What is referred to by the schemas so far: the number of the type, and its schema. */
  get definitions(): ReadonlyMap<TypeIndex, JsonSchema> {
    return this.#definitions;
  }

  schemaOf(index: TypeIndex): JsonSchema {
    const type = this.#types[index]!;
    switch (type.kind) {
      case 'bool':
        return { type: 'boolean' };
      case 'u64':
        return { type: 'string', pattern: '^[0-9]{1,20}$', description: 'u64' };
      case 's64':
        return { type: 'string', pattern: '^-?[0-9]{1,19}$', description: 's64' };
      case 'f32':
      case 'f64':
        return { anyOf: [{ type: 'number' }, { enum: ['NaN', 'Infinity', '-Infinity'] }] };
      case 'char':
        return { type: 'string', minLength: 1, maxLength: 1 };
      case 'string':
        return { type: 'string' };
      case 'list':
        if (this.#types[type.element]!.kind === 'u8') return { type: 'string', contentEncoding: 'base64' };
        return LARGE.has(this.#types[type.element]!.kind) ? this.#reference(index) : this.#array(type);
      case 'option':
        if (this.#types[type.some]!.kind === 'option') return this.#reference(index);
        return { anyOf: [this.schemaOf(type.some), { type: 'null' }] };
      case 'record':
      case 'variant':
      case 'flags':
      case 'enum':
      case 'tuple':
      case 'result':
        return this.#reference(index);
      default: {
        const [minimum, maximum] = INTEGERS[type.kind]!;
        return { type: 'integer', minimum, maximum };
      }
    }
  }

  #reference(index: TypeIndex): JsonSchema {
    if (!this.#definitions.has(index)) {
      // Before its parts, so that they stand behind it.
      this.#definitions.set(index, {});
      this.#definitions.set(index, this.#define(this.#types[index]!));
    }
    return { $ref: `${this.#prefix}${index}` };
  }

  #define(type: TypeNode): JsonSchema {
    switch (type.kind) {
      case 'record':
        return this.objectOf(type.fields);
      case 'enum':
        return { enum: type.names };
      case 'list':
        return this.#array(type);
      case 'flags':
        return {
          type: 'object',
          properties: Object.fromEntries(type.names.map((name) => [lowerCamel(name), { type: 'boolean' }])),
          additionalProperties: false,
        };
      case 'tuple':
        return {
          type: 'array',
          prefixItems: type.elements.map((part) => this.schemaOf(part)),
          items: false,
          minItems: type.elements.length,
        };
      case 'variant':
        return this.#tagged(type.cases);
      case 'result':
        return this.#tagged([caseOf('ok', type.ok), caseOf('err', type.error)]);
      case 'option':
        return this.#tagged([{ name: 'none' }, { name: 'some', type: type.some }]);
      default:
        throw new Error(`a ${type.kind} is written where it is used`);
    }
  }

  /** An object with these fields; those that may be none may be left out. */
  objectOf(fields: readonly { readonly name: string; readonly type: TypeIndex }[]): JsonSchema {
    return {
      type: 'object',
      properties: Object.fromEntries(fields.map(({ name, type }) => [lowerCamel(name), this.schemaOf(type)])),
      required: fields.filter(({ type }) => !this.#mayBeNull(type)).map(({ name }) => lowerCamel(name)),
      additionalProperties: false,
    };
  }

  #array({ element, length }: Extract<TypeNode, { kind: 'list' }>): JsonSchema {
    const items = this.schemaOf(element);
    return { type: 'array', items, ...(length !== undefined && { minItems: length, maxItems: length }) };
  }

  #mayBeNull(index: TypeIndex): boolean {
    const type = this.#types[index]!;
    return type.kind === 'option' && this.#types[type.some]!.kind !== 'option';
  }

  #tagged(cases: readonly { readonly name: string; readonly type?: TypeIndex }[]): JsonSchema {
    return {
      oneOf: cases.map(({ name, type }) => ({
        type: 'object',
        properties: { tag: { const: name }, ...(type !== undefined && { val: this.schemaOf(type) }) },
        required: type === undefined || this.#mayBeNull(type) ? ['tag'] : ['tag', 'val'],
      })),
    };
  }
}

function caseOf(name: string, type: TypeIndex | undefined): { readonly name: string; readonly type?: TypeIndex } {
  return type === undefined ? { name } : { name, type };
}
