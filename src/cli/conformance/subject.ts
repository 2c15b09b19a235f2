import { Buffer, isUtf8 } from 'node:buffer';
import type { ComponentAnalysis } from '../../component/analyze.ts';
import type { PluginResponse, RequestOptions } from '../../contract/values.ts';
import type { PluginEngine } from '../../engine.ts';
import { PluginError } from '../../errors.ts';
import { type Policy, type ResolvedPolicy, resolvePolicy, type Sandbox } from '../../host/policy/policy.ts';
import type { ProcessRequest } from '../../request/request.ts';

/** What is put to the test, and how. */
export interface SubjectOptions {
  readonly bytes: Uint8Array;
  readonly analysis: ComponentAnalysis;
  readonly sandbox: Sandbox;
  readonly config: RequestOptions;
  /** Interfaces, and the modules that supply them. @default none */
  readonly imports?: RequestOptions;
  /** A world of its author's own, and where its WIT is. @default the contract */
  readonly own?: { readonly world: string; readonly wit: string };
  /** Requests that the plugin should be able to answer. */
  readonly samples: readonly ProcessRequest[];
  /** Requests that the memory is watched over. */
  readonly calls: number;
  /** What the plugin does not claim. */
  readonly disclaims: ReadonlySet<'stable-output' | 'no-state'>;
}

/** What became of a request: an answer of the plugin's, or the error of the engine. */
export type Reply = { readonly answer: PluginResponse } | { readonly error: PluginError };

/** A plugin on an engine, with what the checks need. Each check loads it anew, under a name and policy of its own. */
export class Subject {
  readonly options: SubjectOptions;
  readonly engine: PluginEngine;
  readonly policy: ResolvedPolicy;

  constructor(engine: PluginEngine, options: SubjectOptions) {
    this.engine = engine;
    this.options = options;
    this.policy = resolvePolicy(options.sandbox);
  }

  /**
   * Loads the plugin for the time of a check.
   *
   * @param overrides What its policy has different from the given one.
   */
  async load<Result>(
    name: string,
    run: (process: (request: ProcessRequest) => Promise<Reply>) => Promise<Result>,
    overrides: Policy = {},
    config: RequestOptions = this.options.config,
  ): Promise<Result> {
    // The names under which the checks load it are known to nobody else.
    const sandbox = { ...withoutUndefined(this.policy), ...overrides };
    await this.engine.loadPlugin(name, this.options.bytes, {
      sandbox,
      config: Object.fromEntries(config),
      ...this.options.own,
    });
    try {
      return await run((request) => this.#ask(name, request));
    } finally {
      await this.engine.unloadPlugin(name);
    }
  }

  #ask(name: string, request: ProcessRequest): Promise<Reply> {
    return this.#answer(name, request).then(
      (answer): Reply => ({ answer }),
      (error: unknown): Reply => {
        if (error instanceof PluginError) return { error };
        throw error;
      },
    );
  }

  /** A plugin that takes bytes is asked with those of the text: what it answers need not be any. */
  async #answer(name: string, request: ProcessRequest): Promise<PluginResponse> {
    if (this.engine.getPlugin(name)?.stable?.world !== 'plugin-bytes') {
      return this.engine.process(name, request, { whenFull: 'wait' });
    }
    const input = Buffer.from(request.input);
    const response = await this.engine.process(name, { ...request, input }, { whenFull: 'wait' });
    return { ...response, output: shown(response.output) };
  }
}

/** Bytes in words: as text where they are any. */
function shown(bytes: Uint8Array): string {
  return isUtf8(bytes) ? Buffer.from(bytes).toString() : `0x${Buffer.from(bytes).toString('hex')}`;
}

/** A policy as it can be given again: what is not set is left out. */
function withoutUndefined(policy: ResolvedPolicy): Policy {
  return Object.fromEntries(Object.entries(policy).filter(([, value]) => value !== undefined)) as Policy;
}

/** A reply as a text, equal for equal replies. */
export function replyText(reply: Reply): string {
  if ('error' in reply) return `${reply.error.code}${reply.error.trap === undefined ? '' : ` (${reply.error.trap})`}`;
  const { output, success, errorMessage } = reply.answer;
  return JSON.stringify(success ? output : [output, errorMessage]);
}

/** A request, short enough for a line of a report. */
export function requestText({ input, options }: ProcessRequest): string {
  const pairs = Array.isArray(options) ? options : Object.entries(options ?? {});
  const shown = JSON.stringify(input.length > 40 ? `${input.slice(0, 40)}…` : input);
  const size = input.length > 40 ? ` (${input.length} characters)` : '';
  const with_ =
    pairs.length === 0 ? '' : ` with ${pairs.length === 1 ? JSON.stringify(pairs[0]) : `${pairs.length} options`}`;
  return `${shown}${size}${with_}`;
}
