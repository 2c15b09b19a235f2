import { memoriesOf } from '../../artifact/artifact.ts';
import type { CompileOptions } from '../../artifact/compile-component.ts';
import type { CompiledModule } from '../../artifact/compiled-module.ts';
import type { PluginDefinition } from '../../artifact/definition.ts';
import { shownName } from '../../component/names.ts';
import { PluginError } from '../../errors.ts';
import type { Component, LaneOpening } from '../../registry/executor.ts';
import type { Lane } from '../../scheduler/lane.ts';
import type { ComponentFacts } from '../wire/messages.ts';

const ELSEWHERE = Object.freeze({ kind: 'elsewhere' } as const);
const NO_MODULES: ReadonlyMap<string, CompiledModule> = new Map();

/** What a child needs to compile a component. */
export interface ComponentOrder {
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly options: CompileOptions;
  /** For whom; see `CompileUse`. */
  readonly group: string;
}

/** A component that was compiled in a child, with what it takes to compile it in the next one: the same bytes. */
export class RemoteComponent implements Component, ComponentOrder {
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly options: CompileOptions;
  readonly group: string;
  readonly sha256: ComponentFacts['sha256'];
  readonly contract: ComponentFacts['contract'];
  readonly summary: ComponentFacts['summary'];
  readonly #open: (component: RemoteComponent, opening: LaneOpening) => Lane;

  constructor(
    order: ComponentOrder,
    facts: ComponentFacts,
    open: (component: RemoteComponent, opening: LaneOpening) => Lane,
  ) {
    this.id = order.id;
    this.bytes = order.bytes;
    this.options = order.options;
    this.group = order.group;
    this.sha256 = facts.sha256;
    this.contract = facts.contract;
    this.summary = facts.summary;
    this.#open = open;
  }

  /** A lane of it, as the books of this process have it: its code is in the child. */
  definition(opening: LaneOpening): PluginDefinition {
    const { contract, summary } = this;
    const { maxBytes } = summary;
    return { ...opening, contract, binding: ELSEWHERE, modules: NO_MODULES, maxBytes, memories: memoriesOf(summary) };
  }

  open(opening: LaneOpening): Lane {
    const here = opening.imports.find(({ module, asks }) => module === undefined || asks);
    if (here !== undefined) {
      throw new PluginError(
        'ERR_INVALID_ARGUMENT',
        `\`imports\` has functions for ${shownName(here.name)}, and the plugin runs in a process of its own, which cannot call them`,
        { plugin: opening.plugin, hint: 'Supply the interface from a module, or load the plugin without `isolation`.' },
      );
    }
    return this.#open(this, opening);
  }
}
