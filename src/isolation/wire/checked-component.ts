import type { ArtifactSummary, CallableFunction, MemorySummary } from '../../artifact/artifact.ts';
import type { ContractMatch } from '../../contract/match.ts';
import type { Need } from '../../contract/needs.ts';
import { below, fields, list, oneOf, optional, text, whole } from './checked.ts';
import { typeTable } from './checked-types.ts';
import type { ComponentFacts } from './messages.ts';

/** What is known of a component. */
export function componentFacts(value: unknown): ComponentFacts {
  const { sha256, contract, summary } = fields(value);
  return { sha256: text(sha256), contract: contractMatch(contract), summary: artifactSummary(summary) };
}

function contractMatch(value: unknown): ContractMatch {
  const { world, exportName, hostApi, wasi, needs, own } = fields(value);
  return {
    world: text(world) as ContractMatch['world'],
    exportName: text(exportName),
    hostApi: optional(hostApi, text),
    wasi: list(wasi, text),
    needs: list(needs, need),
    ...(own !== undefined && { own: text(own) }),
  };
}

function need(value: unknown): Need {
  const { name, kind, functions } = fields(value);
  return { name: text(name), kind: oneOf(['function', 'interface'])(kind), functions: list(functions, text) };
}

function artifactSummary(value: unknown): ArtifactSummary {
  const { bytes, imports, exports, functions, types: table, memories, maxBytes, features } = fields(value);
  const types = typeTable(list(table, fields));
  return {
    bytes: whole(bytes),
    imports: list(imports, text),
    exports: list(exports, text),
    functions: list(functions, (func) => callable(func, types.length)),
    types,
    memories: list(memories, memory),
    maxBytes: whole(maxBytes),
    features: list(features, text) as ArtifactSummary['features'],
  };
}

function callable(value: unknown, types: number): CallableFunction {
  const { path, interface: owner, name, params, result, returns, obstacle } = fields(value);
  return {
    path: text(path),
    ...(owner !== undefined && { interface: text(owner) }),
    name: text(name),
    params: list(params, (param) => {
      const { name: label, type } = fields(param);
      return { name: text(label), ...(type !== undefined && { type: below(type, types) }) };
    }),
    ...(result !== undefined && { result: below(result, types) }),
    returns: oneOf(['value', 'result'])(returns),
    ...(obstacle !== undefined && { obstacle: text(obstacle) }),
  };
}

function memory(value: unknown): MemorySummary {
  const { module, instances, minBytes, maxBytes, bound } = fields(value);
  return {
    module: whole(module),
    instances: whole(instances),
    minBytes: whole(minBytes),
    maxBytes: whole(maxBytes),
    bound: oneOf(['module', 'policy'])(bound),
  };
}
