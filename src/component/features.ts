import type { CanonOptions, Component, Declaration, Definition, TypeDefinition, ValueTypeRef } from './ast.ts';
import type { CoreModule } from './core-ast.ts';

/** What a component uses beyond synchronous components of WebAssembly 2.0. */
export type Feature =
  | 'async'
  /** Built-ins of async that synchronous components import as well: see `src/canonical-abi/plan/built-ins.ts`. */
  | 'async-built-ins'
  | 'stream'
  | 'future'
  | 'error-context'
  | 'threads'
  | 'values'
  | 'map'
  | 'fixed-length-list'
  | 'gc'
  | 'exceptions'
  /** Those that came before WebAssembly 3.0: `try` with `catch`, `rethrow` and `delegate`. */
  | 'legacy-exceptions'
  | 'memory64'
  | 'multi-memory'
  | 'shared-memory'
  | 'custom-page-sizes';

/** The features that a component's definitions show, nested ones included, sorted by name. */
export function featuresOf(component: Component): readonly Feature[] {
  const features = new Set<Feature>();
  const visit = (definitions: readonly (Definition | Declaration)[]): void => {
    for (const definition of definitions) {
      switch (definition.kind) {
        case 'core-module':
          ofModule(definition.module, features);
          break;
        case 'core-type':
          if (definition.type.kind === 'rec' && definition.type.gc) features.add('gc');
          break;
        case 'component':
          visit(definition.component.definitions);
          break;
        case 'type':
          if (definition.type.kind === 'component' || definition.type.kind === 'instance') {
            visit(definition.type.declarations);
          } else ofType(definition.type, features);
          break;
        case 'canon':
          if (definition.canon === 'built-in') features.add(ofBuiltIn(definition.name));
          if (definition.canon === 'lift' || definition.canon === 'lower') ofOptions(definition.options, features);
          break;
        case 'start':
        case 'value':
          features.add('values');
          break;
      }
    }
  };
  visit(component.definitions);
  return [...features].sort();
}

function ofModule(module: CoreModule, features: Set<Feature>): void {
  if (module.gc) features.add('gc');
  if (module.tags > 0 || module.imports.some(({ type }) => type.kind === 'tag')) features.add('exceptions');
  for (const kind of module.exceptions()) features.add(kind === 'legacy' ? 'legacy-exceptions' : 'exceptions');
  const imported = module.imports.flatMap(({ type }) => (type.kind === 'memory' ? [type.memory] : []));
  const memories = [...imported, ...module.memories.map((memory) => memory.limits)];
  if (memories.length > 1) features.add('multi-memory');
  if (memories.some((limits) => limits.wide) || module.tables.some(({ limits }) => limits.wide)) {
    features.add('memory64');
  }
  if (memories.some((limits) => limits.shared)) features.add('shared-memory');
  if (memories.some((limits) => limits.pageSizeLog2 !== undefined)) features.add('custom-page-sizes');
}

function ofOptions(options: CanonOptions, features: Set<Feature>): void {
  if (options.async || options.callback !== undefined) features.add('async');
  if (options.gc) features.add('gc');
}

function ofBuiltIn(name: string): Feature {
  if (name.startsWith('stream.')) return 'stream';
  if (name.startsWith('future.')) return 'future';
  if (name.startsWith('error-context.')) return 'error-context';
  // `thread.yield` came with async; the other built-ins of that name came with threads.
  if (name.startsWith('thread.') && name !== 'thread.yield') return 'threads';
  // Nothing calls it but a function that is lifted as async.
  if (name === 'task.return') return 'async';
  return 'async-built-ins';
}

function ofType(type: TypeDefinition, features: Set<Feature>): void {
  const refs: (ValueTypeRef | undefined)[] = [];
  switch (type.kind) {
    case 'primitive':
      refs.push(type.type);
      break;
    case 'record':
      for (const field of type.fields) refs.push(field.type);
      break;
    case 'variant':
      for (const { type: payload } of type.cases) refs.push(payload);
      break;
    case 'list':
      if (type.length !== undefined) features.add('fixed-length-list');
      refs.push(type.element);
      break;
    case 'map':
      features.add('map');
      refs.push(type.key, type.value);
      break;
    case 'tuple':
      for (const element of type.elements) refs.push(element);
      break;
    case 'option':
      refs.push(type.some);
      break;
    case 'result':
      refs.push(type.ok, type.error);
      break;
    case 'stream':
    case 'future':
      features.add(type.kind);
      refs.push(type.element);
      break;
    case 'func':
      if (type.async) features.add('async');
      for (const param of type.params) refs.push(param.type);
      refs.push(type.result);
      break;
  }
  if (refs.includes('error-context')) features.add('error-context');
}
