import { invalidArgument, nonEmptyString } from '../arguments/arguments.ts';
import type { ArtifactSummary } from '../artifact/artifact.ts';
import type { Submit, SubmitMany } from '../batch/submit.ts';
import type { StandardRole } from '../contract/standard.ts';
import type { BytesResponse, PluginResponse } from '../contract/values.ts';
import type { PluginError } from '../errors.ts';
import { isObserved } from '../observe/observation.ts';
import type { Scheduling } from '../registry/executor.ts';
import type { Plugin } from '../registry/plugin.ts';
import type { Registry } from '../registry/registry.ts';
import { bytesCall, isBytes } from '../request/bytes-call.ts';
import { type CallOptions, splitCallOptions } from '../request/call-options.ts';
import {
  checkDescribeOptions,
  type DescribedFunctions,
  type DescribeOptions,
  describeFunctions,
} from '../request/described-functions.ts';
import { exportedFunction } from '../request/exported-function.ts';
import { type ConversationCall, packCall, prepareCall } from '../request/function-call.ts';
import { jsonCall } from '../request/json-call.ts';
import {
  checkManyOptions,
  checkPacked,
  type PackedRequests,
  type PackedResults,
  type ProcessManyOptions,
  type ProcessManyResult,
} from '../request/many.ts';
import { assertReturnsBytes, inOwnBuffer } from '../request/own-buffer.ts';
import { pluginObject } from '../request/plugin-object.ts';
import type { ProcessOptions } from '../request/process-options.ts';
import {
  type BytesRequest,
  checkProcessOptions,
  type ProcessRequest,
  resolveInput,
  resolveRequestOptions,
} from '../request/request.ts';
import type { RunOptions, RunResult } from '../request/run-options.ts';
import type { Lane } from '../scheduler/lane.ts';
import { assertRole } from './assert-role.ts';
import { bytesAnswer } from './bytes-answer.ts';
import { callableOf } from './callable.ts';
import { GatheredRecord } from './gathered-record.ts';
import { Gatherings, goesWithOthers, isForBatches } from './gatherings.ts';
import type { Life } from './life.ts';
import type { ManyTarget } from './many-packer.ts';
import { processEach, processMany, processPacked } from './process-many.ts';
import { chooseVersion } from './version-choice.ts';

/** Brings an engine's requests to the lane of the plugin and version that they are for. */
export class Requests {
  readonly #scheduler: Scheduling;
  readonly #registry: Registry;
  readonly #life: Life;
  readonly #gatherings: Gatherings;

  /** @param threads Among which requests that go together are shared out. */
  constructor(scheduler: Scheduling, registry: Registry, life: Life, threads: number) {
    this.#scheduler = scheduler;
    this.#registry = registry;
    this.#life = life;
    this.#gatherings = new Gatherings(scheduler, threads);
  }

  process(
    name: string,
    request: ProcessRequest | BytesRequest,
    options: ProcessOptions | undefined,
  ): Promise<PluginResponse | BytesResponse> {
    if (isBytes(request)) return this.#processBytes(name, request, options);
    // None of the functions here is async: the extra turns of the microtask queue would tear batches apart.
    try {
      if (options !== undefined) checkProcessOptions(options);
      const plugin = this.#plugin(name);
      const { lane } = plugin.stable;
      if (options === undefined && lane.inline?.takes && isPlain(plugin)) {
        const input = resolveInput(request);
        return Promise.resolve(lane.inline.answer(input, resolveRequestOptions(request.options)));
      }
    } catch (error) {
      return Promise.reject(error);
    }
    const settled = Promise.withResolvers<PluginResponse>();
    this.#submit(name, request, options ?? NO_OPTIONS, settled, 'here');
    return settled.promise;
  }

  /** The same for a listener in the place of a promise, with options that are checked. */
  readonly submit: Submit = (name, request, options, listener) => {
    return this.#submit(name, request, options, listener, 'queue');
  };

  #submit(...[name, request, options, listener, where]: [...Parameters<Submit>, 'queue' | 'here']): ReturnType<Submit> {
    try {
      const plugin = this.#plugin(name);
      const input = resolveInput(request);
      const pairs = resolveRequestOptions(request.options);
      const { stable } = plugin;
      if (plugin.canary === undefined && options.version === undefined && !goesWithOthers(stable)) {
        return this.#scheduler.submit(stable.lane, input, pairs, options, undefined, listener, undefined, where);
      }
      const { version, call, onOutcome } = chooseVersion(plugin, options, this.#scheduler);
      if (goesWithOthers(version)) {
        const record = new GatheredRecord(version.lane, { input, options: pairs }, call, onOutcome, listener);
        if (!record.isOpen) return record;
        const refusal = version.lane.gate?.refusalOf(record.request, call.requestId);
        if (refusal === undefined) this.#gatherings.of(version).add(record);
        else record.reject(refusal);
        return record;
      }
      return this.#scheduler.submit(version.lane, input, pairs, call, onOutcome, listener, undefined, where);
    } catch (error) {
      listener.reject(error as PluginError);
      return undefined;
    }
  }

  /** The same for many at once, as blocks where they can go as such. */
  readonly submitMany: SubmitMany = (name, requests, options, listeners) => {
    try {
      const lane = this.#laneForBlocks(this.#plugin(name), undefined);
      const submit: ManyTarget['submit'] = (request, listener) => this.submit(name, request, options, listener);
      return processEach(requests, listeners, { scheduler: this.#scheduler, lane, options, submit });
    } catch (error) {
      for (const listener of listeners) listener.reject(error as PluginError);
      return { aborted() {} };
    }
  };

  async processMany(
    name: string,
    requests: readonly ProcessRequest[] | PackedRequests,
    options: ProcessManyOptions | undefined,
  ): Promise<ProcessManyResult[] | PackedResults> {
    if (options !== undefined) checkManyOptions(options);
    const plugin = this.#plugin(name);
    const all = options ?? NO_OPTIONS;
    const target: ManyTarget = {
      scheduler: this.#scheduler,
      lane: this.#laneForBlocks(plugin, all.version),
      options: all,
      submit: (request, listener) => this.submit(name, request, all, listener),
    };
    if (Array.isArray(requests)) return processMany(requests, target);
    if (typeof requests !== 'object' || requests === null) {
      throw invalidArgument('requests', 'an array of requests or `{bytes, ends}`', requests);
    }
    checkPacked(requests as PackedRequests);
    return processPacked(requests as PackedRequests, target);
  }

  call(name: string, path: string, args: unknown, options: CallOptions | undefined): Promise<unknown> {
    try {
      if (options !== undefined && ('values' in options || 'into' in options)) {
        const { values, into, others } = splitCallOptions(options);
        if (values === 'json') return this.#callJson(name, path, args, others);
        return into === undefined
          ? this.call(name, path, args, others)
          : this.#callInto(name, path, args, into, others);
      }
      const plugin = this.#plugin(name);
      if (options !== undefined) checkProcessOptions(options);
      const { version, call, onOutcome } = chooseVersion(plugin, options ?? NO_OPTIONS, this.#scheduler);
      return this.#scheduler.call(version.lane, prepareCall(callableOf(version), path, args), call, onOutcome);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #callJson(name: string, path: string, args: unknown, options: ProcessOptions): Promise<unknown> {
    checkProcessOptions(options);
    const { version, call, onOutcome } = chooseVersion(this.#plugin(name), options, this.#scheduler);
    const { functions, codecs } = callableOf(version);
    const func = exportedFunction(functions, nonEmptyString('path', path));
    const json = jsonCall(version.component.summary.types, func, args);
    const prepared = packCall(codecs, func, json.args);
    return json.resultOf(await this.#scheduler.call(version.lane, prepared, call, onOutcome));
  }

  async #callInto(
    name: string,
    path: string,
    args: unknown,
    into: Uint8Array,
    options: ProcessOptions,
  ): Promise<unknown> {
    checkProcessOptions(options);
    const { version, call, onOutcome } = chooseVersion(this.#plugin(name), options, this.#scheduler);
    const { functions, codecs } = callableOf(version);
    const func = exportedFunction(functions, nonEmptyString('path', path));
    assertReturnsBytes(version.component.summary.types, func);
    const prepared = packCall(codecs, func, args, 1, into);
    return inOwnBuffer(await this.#scheduler.call(version.lane, prepared, call, onOutcome), into);
  }

  /** @throws {PluginError} `ERR_PLUGIN_NOT_FOUND`, `ERR_INVALID_ARGUMENT`. */
  functions(name: string, options: DescribeOptions): DescribedFunctions {
    checkDescribeOptions(options);
    const plugin = this.#plugin(name);
    const { component } = options.version === undefined ? plugin.stable : plugin.version(options.version);
    return describeFunctions(component.summary, options.refs);
  }

  /** Runs a command; see `engine.run`. What it takes is loaded when somebody does. */
  async run(name: string, options: RunOptions): Promise<RunResult> {
    const { runCommand } = await import('./run-command.ts');
    return runCommand((call, asked) => this.#converse(name, 'command', call, asked), name, options);
  }

  /** Has a handler of HTTP answer; see `engine.fetch`. */
  async fetch(name: string, request: Request | string | URL, options: ProcessOptions): Promise<Response> {
    const { fetchFrom } = await import('./fetch.ts');
    return fetchFrom((call, asked) => this.#converse(name, 'http', call, asked), request, options);
  }

  /**
   * Runs a call that passes streams meanwhile. Not an async function either.
   *
   * @param role What the plugin has to be for it.
   */
  #converse(name: string, role: StandardRole, call: ConversationCall, options: ProcessOptions): Promise<unknown> {
    try {
      const plugin = this.#plugin(name);
      checkProcessOptions(options);
      const { version, call: asked, onOutcome } = chooseVersion(plugin, options, this.#scheduler);
      assertRole(version.component.summary, role);
      return this.#scheduler.call(version.lane, call, asked, onOutcome);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** @throws {PluginError} `ERR_PLUGIN_NOT_FOUND`; what it lacks later fails the call. */
  plugin(name: string): object {
    this.#plugin(name);
    const functions = (): ArtifactSummary['functions'] => this.#plugin(name).stable.component.summary.functions;
    return pluginObject(functions, (path, args, options) => this.call(name, path, args, options));
  }

  /** Where blocks for a plugin go; undefined where there is none, or somebody has to look at each request by itself. */
  laneForBlocks(name: string): Lane | undefined {
    const plugin = this.#life.isOpen ? this.#registry.get(name) : undefined;
    return plugin && this.#laneForBlocks(plugin, undefined);
  }

  #laneForBlocks(plugin: Plugin, version: string | undefined): Lane | undefined {
    if ((version === undefined && plugin.canary !== undefined) || isObserved() || this.#scheduler.longestBlock === 0)
      return undefined;
    const served = version === undefined ? plugin.stable : plugin.version(version);
    const { lane } = served;
    // The records of a block run one after the other.
    return lane.gate === undefined && lane.concurrency === 1 && !isForBatches(served) ? lane : undefined;
  }

  #processBytes(name: string, request: BytesRequest, options: ProcessOptions | undefined): Promise<BytesResponse> {
    try {
      const plugin = this.#plugin(name);
      if (options !== undefined) checkProcessOptions(options);
      const { version, call, onOutcome } = chooseVersion(plugin, options ?? NO_OPTIONS, this.#scheduler);
      const { path, args } = bytesCall(version.component.contract, request);
      const prepared = prepareCall(callableOf(version), path, args);
      return this.#scheduler
        .call(version.lane, prepared, call, onOutcome)
        .then((returned) => bytesAnswer(version, returned));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #plugin(name: string): Plugin {
    this.#life.assertOpen();
    return this.#registry.get(name) ?? this.#registry.expect(name);
  }
}

/** Whether nobody chooses among versions, and nobody looks at requests one by one. */
function isPlain({ canary, stable }: Plugin): boolean {
  return canary === undefined && stable.lane.gate === undefined && !isObserved();
}

const NO_OPTIONS: ProcessOptions = Object.freeze({});
