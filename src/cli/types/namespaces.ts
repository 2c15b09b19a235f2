import type { ExternItem } from '../../component/analyze.ts';
import { declaredTypes } from '../../component/exported-functions.ts';
import { upperCamel } from '../../component/js-names.ts';
import type { ExternType, ResourceType, ValueType } from '../../component/types.ts';
import { identifier, unique } from './names.ts';
import { fieldsText, type Names, structureText, type Text } from './type-text.ts';

/** An interface that declares types. */
export interface Namespace {
  readonly name: string;
  /** The name in WIT. */
  readonly interface: string;
  readonly types: readonly (readonly [name: string, type: ValueType | ResourceType])[];
}

/**
 * The interfaces among some imports or exports that declare types.
 *
 * @param reserved Names that they may not have.
 * @param resources Whether resources are types of theirs.
 */
export function namespacesOf(
  items: readonly ExternItem[],
  reserved: readonly string[],
  resources: 'left out' | 'declared',
): Namespace[] {
  const taken = new Set(reserved);
  return items.flatMap(({ name, type }) => {
    const inside = new Set<string>();
    const declared = [...declaredTypes(type), ...(resources === 'declared' ? declaredResources(type) : [])];
    const types = declared.map(([typeName, one]) => [unique(identifier(upperCamel(typeName)), inside), one] as const);
    if (types.length === 0) return [];
    return [{ name: unique(identifier(upperCamel(name.replace(/^.*\/|@.*$/g, ''))), taken), interface: name, types }];
  });
}

/** What the types of namespaces are called from outside: by the first name that they have. */
export function namesIn(namespaces: readonly Namespace[]): Map<ValueType | ResourceType, string> {
  const names = new Map<ValueType | ResourceType, string>();
  for (const space of namespaces) {
    for (const [typeName, type] of space.types) if (!names.has(type)) names.set(type, `${space.name}.${typeName}`);
  }
  return names;
}

/** @param resourceText Says what a resource that has its name here is made of. */
export function* namespaceText(
  { name, interface: wit, types }: Namespace,
  names: Names,
  resourceText?: (resource: ResourceType, name: string) => Text,
): Text {
  yield `\n/** \`${wit}\` */\nexport declare namespace ${name} {\n`;
  for (const [typeName, type] of types) {
    const known = names.get(type);
    // The second name of a type is an alias of the first.
    if (known !== `${name}.${typeName}`) yield `  type ${typeName} = ${known};\n`;
    else if (type.kind === 'resource') {
      if (resourceText !== undefined) yield* resourceText(type, typeName);
    } else if (type.kind === 'record') {
      yield `  interface ${typeName} {\n`;
      yield* fieldsText(type.fields, names, '    ');
      yield '  }\n';
    } else {
      yield `  type ${typeName} = `;
      yield* structureText(type, names);
      yield ';\n';
    }
  }
  yield '}\n';
}

/** The resources that an interface declares, by their names there. */
export function declaredResources(type: ExternType): [name: string, type: ResourceType][] {
  if (type.kind !== 'instance') return [];
  return [...type.exports].flatMap(([name, entity]): [string, ResourceType][] =>
    entity.kind === 'type' && entity.type.kind === 'resource' ? [[name, entity.type]] : [],
  );
}
