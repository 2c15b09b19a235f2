import { memoriesOf } from '../artifact/artifact.ts';
import type { CompileOptions } from '../artifact/compile-component.ts';
import { ArtifactCompiler, type ArtifactCompilerOptions } from '../artifact/compiler.ts';
import type { PluginSource } from '../artifact/source.ts';
import { assertInline, type ResolvedInline } from '../inline/placement.ts';
import type { Component, ComponentUse, Executor } from '../registry/executor.ts';
import type { Lane } from '../scheduler/lane.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import type { SchedulerListener, SchedulerOptions } from '../scheduler/scheduler-options.ts';

/** Runs plugins in threads of this process. */
export class InProcess implements Executor {
  readonly scheduler: Scheduler;
  readonly #compiler: ArtifactCompiler;

  constructor(options: SchedulerOptions & ArtifactCompilerOptions, listener: SchedulerListener) {
    this.scheduler = new Scheduler(options, listener);
    this.#compiler = new ArtifactCompiler(options);
  }

  async load(source: PluginSource, options: CompileOptions, use: ComponentUse): Promise<Component> {
    // While the artifact is read: a thread takes longer to be there.
    this.scheduler.expect(use.policy);
    const { artifact, modules } = await this.#compiler.load(source, options, use);
    const { sha256, contract, summary, binding } = artifact;
    const { maxBytes } = summary;
    const memories = memoriesOf(summary);
    return {
      sha256,
      contract,
      summary,
      open: ({ group, ...opening }) => {
        return this.scheduler.open({ ...opening, contract, binding, modules, maxBytes, memories }, group);
      },
    };
  }

  readonly placeInline = async (lane: Lane, options: ResolvedInline): Promise<void> => {
    assertInline(lane.definition, lane.hostFunctions);
    // What runs guests is of no use to this thread otherwise.
    const { InlineLane } = await import('../inline/inline-lane.ts');
    lane.inline = new InlineLane(lane, options, this.scheduler.inlineHost);
  };

  async end(): Promise<void> {
    await Promise.all([this.#compiler.close(), this.scheduler.end()]);
  }
}
