import { TypeTable } from '../canonical-abi/plan/type-table.ts';
import { Unsupported } from '../canonical-abi/plan/unsupported.ts';
import type { ExternItem } from '../component/analyze.ts';
import { exportedFunctions } from '../component/exported-functions.ts';
import type { FuncType, ValueType } from '../component/types.ts';
import { PluginError } from '../errors.ts';
import type { ArtifactSummary, CallableFunction } from './artifact.ts';

/** The functions that a component exports, as calls look for them, with the types of what they pass. */
export function callableFunctions(exports: readonly ExternItem[]): Pick<ArtifactSummary, 'functions' | 'types'> {
  const table = new TypeTable(noResource);
  const functions = exportedFunctions(exports).map(
    ({ path, interface: owner, name, type, obstacle }): CallableFunction => ({
      path,
      ...(owner !== undefined && { interface: owner }),
      name,
      returns: type.result?.kind === 'result' ? 'result' : 'value',
      ...(obstacle === undefined ? typed(table, type) : { params: type.params.map(nameOnly), obstacle }),
    }),
  );
  return { functions, types: table.types };
}

/** Without types for a function that only jco's glue can bind: it has some that the table does not. */
function typed(table: TypeTable, { params, result }: FuncType): Pick<CallableFunction, 'params' | 'result'> {
  try {
    return {
      params: params.map(({ name, type }) => ({ name, type: table.index(type, 0) })),
      ...(result !== undefined && { result: table.index(result, 0) }),
    };
  } catch (error) {
    if (!(error instanceof Unsupported) && !(error instanceof PluginError)) throw error;
    return { params: params.map(nameOnly) };
  }
}

function nameOnly({ name }: { readonly name: string; readonly type: ValueType }): { readonly name: string } {
  return { name };
}

function noResource(): never {
  throw new Error('a function that passes a resource has an obstacle');
}
