import { assertBindable, assertRunsOnGlue } from '../artifact/bindable.ts';
import { planBinding } from '../canonical-abi/plan/plan-binding.ts';
import type { ComponentAnalysis, ExternItem } from '../component/analyze.ts';
import type { Component } from '../component/ast.ts';
import { assertAccountable, PAGE_BYTES } from '../component/caps.ts';
import { describeExtern } from '../component/describe.ts';
import { interfaceHash } from '../component/interface-hash.ts';
import { type ContractMatch, matchContract } from '../contract/match.ts';
import { standardWorld } from '../contract/standard.ts';
import type { PluginMetadata, RequestOptions } from '../contract/values.ts';
import { CONTRACT_MAJOR, CONTRACT_PACKAGE } from '../contract/worlds.ts';
import { PluginError, type WireError } from '../errors.ts';
import { readComponent } from './component.ts';
import { Failure } from './failure.ts';
import { pluginName, withPlugin } from './session.ts';

/** What `inspect` shows, and prints as it is with `--json`. */
export interface Inspection {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly contract: { readonly package: string } & (
    | ({ readonly fits: true } & ContractMatch)
    | { readonly fits: false; readonly error: WireError }
  );
  /** The world of WASI that it implements, if it is a program or a server: `wasi:cli/command@0.3`. */
  readonly standard?: string;
  /** What lifts and lowers between the host and it, or why nothing does. */
  readonly binding:
    | { readonly kind: 'direct' }
    | { readonly kind: 'glue'; readonly reason: string }
    | { readonly kind: 'refused'; readonly error: WireError };
  /** What it says of itself, or why it did not. */
  readonly metadata:
    | { readonly state: 'given'; readonly value: PluginMetadata }
    | { readonly state: 'none' }
    | { readonly state: 'failed'; readonly error: WireError };
  readonly imports: readonly InspectedItem[];
  readonly exports: readonly InspectedItem[];
  readonly memories: readonly InspectedMemory[];
  /** What it uses beyond synchronous components of WebAssembly 2.0. */
  readonly features: readonly string[];
}

/** An import or export. */
export interface InspectedItem {
  readonly name: string;
  readonly kind: ExternItem['kind'];
  /** Of an interface: equal for interfaces that are interchangeable. */
  readonly hash?: string;
  /** Its type, in the notation of WIT. */
  readonly wit: string;
}

/** A linear memory, as the component declares it. */
export interface InspectedMemory {
  /** The place of its module among the core modules of the file. */
  readonly module: number;
  readonly instances: number;
  readonly minBytes: number;
  /** Absent where the component sets no maximum, and a policy has to. */
  readonly maxBytes?: number;
}

/** A type can stand for a huge text; more than this of one interface nobody reads. */
const MAX_WIT = 20_000;

/**
 * Collects what there is to know about a component.
 *
 * @param config What the plugin is started with when it is asked for its metadata.
 * @throws {Failure} with status 2 when the file is no component.
 */
export async function inspectComponent(file: string, config: RequestOptions): Promise<Inspection> {
  const { bytes, sha256, component, analysis } = await readComponent(file);
  const contract = match(analysis);
  const standard = standardWorld(analysis.exports);
  return {
    file,
    bytes: bytes.length,
    sha256,
    contract: { package: `${CONTRACT_PACKAGE}@${CONTRACT_MAJOR}`, ...contract },
    ...(standard !== undefined && { standard }),
    binding: bindingOf(bytes, component, analysis),
    metadata: contract.fits ? await askForMetadata(pluginName(file), bytes, config) : { state: 'none' },
    imports: analysis.imports.map(item),
    exports: analysis.exports.map(item),
    memories: memoriesOf(analysis),
    features: analysis.features,
  };
}

function match(analysis: ComponentAnalysis) {
  try {
    return { fits: true, ...matchContract(analysis) } as const;
  } catch (error) {
    return { fits: false, error: wireError(error) } as const;
  }
}

/** By the checks that a load makes. */
function bindingOf(bytes: Uint8Array, component: Component, analysis: ComponentAnalysis): Inspection['binding'] {
  try {
    const { features } = analysis;
    assertBindable(features);
    assertAccountable(analysis);
    const binding = planBinding(bytes, component);
    if (binding.kind === 'unsupported') assertRunsOnGlue(features, binding.reason);
    return binding.kind === 'direct' ? { kind: 'direct' } : { kind: 'glue', reason: binding.reason };
  } catch (error) {
    return { kind: 'refused', error: wireError(error) };
  }
}

async function askForMetadata(
  name: string,
  source: Uint8Array,
  config: RequestOptions,
): Promise<Inspection['metadata']> {
  try {
    const session = { source, name, sandbox: 'restricted', config, engine: { threads: 1 } } as const;
    const metadata = await withPlugin(session, async (_engine, info) => info.metadata);
    return metadata === undefined ? { state: 'none' } : { state: 'given', value: metadata };
  } catch (error) {
    return { state: 'failed', error: wireError(error instanceof Failure ? error.cause : error) };
  }
}

function item({ name, kind, type }: ExternItem): InspectedItem {
  return {
    name,
    kind,
    ...(type.kind === 'instance' && { hash: interfaceHash(type) }),
    wit: describeExtern(name, type, MAX_WIT),
  };
}

function memoriesOf({ modules }: ComponentAnalysis): InspectedMemory[] {
  return modules.flatMap(({ index, instances, memories }) =>
    memories.map(({ limits: { min, max } }) => ({
      module: index,
      instances,
      minBytes: min * PAGE_BYTES,
      ...(max !== undefined && { maxBytes: max * PAGE_BYTES }),
    })),
  );
}

function wireError(error: unknown): WireError {
  if (error instanceof PluginError) return error.toJSON();
  throw error;
}
