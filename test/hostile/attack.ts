import type { PluginEvent, PluginLog } from '../../src/engine/events.ts';
import type { PluginEngine } from '../../src/engine.ts';
import type { ErrorCode, TrapKind } from '../../src/errors.ts';
import type { Policy } from '../../src/host/policy/policy.ts';
import type { Guest } from '../fixtures/core-plugin.ts';
import type { Tree } from '../host/wasi/sandbox.ts';

/** How an attack ends: with an error, or with an answer that shows that it got nothing. */
export type Ending =
  | { readonly code: ErrorCode; readonly limit?: string; readonly trap?: TrapKind }
  | { readonly output: string | RegExp };

/** What an attack left behind, for what its ending does not show. */
export interface Aftermath {
  readonly engine: PluginEngine;
  /** The name under which the hostile plugin is loaded. */
  readonly plugin: string;
  readonly logs: readonly PluginLog[];
  readonly events: readonly PluginEvent[];
  readonly tree: Tree;
}

/** One thing that a hostile plugin tries. */
export interface Attack {
  /** What it tries; unique in its room. */
  readonly name: string;
  readonly guest: Guest;
  /** The policy; limits that it leaves out are {@link LIMITS}. @default {} */
  readonly policy?: Policy | ((tree: Tree) => Policy);
  /** What the plugin is loaded with. @default {} */
  readonly config?: Readonly<Record<string, string>>;
  /**
   * When it strikes. `load`: loading fails. `process`: the request does, or is answered. `unload`: the request is
   * answered, and what happens when the plugin is unloaded is nobody's loss. `late`: one request of thousands does, and
   * the others are answered. @default 'process'
   */
  readonly phase?: 'load' | 'process' | 'unload' | 'late';
  /** Inputs of requests that are answered before. @default [] */
  readonly before?: readonly string[];
  /** The input of the request. @default 'hello' */
  readonly input?: string;
  /** The options of the request. @default [] */
  readonly options?: readonly (readonly [string, string])[];
  readonly ending: Ending;
  /** How the next request, `hello`, is answered. @default 'hello' */
  readonly next?: string | RegExp;
  /** Sets the stage; returns what clears it. */
  readonly prepare?: (tree: Tree) => void | (() => void | Promise<void>) | Promise<() => void | Promise<void>>;
  /** Looks at what is left, while the plugin is loaded. */
  readonly verify?: (aftermath: Aftermath) => void;
}

/** The attacks on one part of the engine, by its name. */
export interface Room {
  readonly room: string;
  readonly attacks: readonly Attack[];
}

/** Limits far above what an attack needs that is about something else, so that a busy machine changes no ending. */
export const LIMITS: Policy = { cpuTimeLimitMs: 10_000, wallTimeLimitMs: 60_000 };
/** For attacks on CPU time. */
export const LITTLE_CPU: Policy = { cpuTimeLimitMs: 80 };
/** For attacks on wall time. */
export const LITTLE_TIME: Policy = { wallTimeLimitMs: 500 };

/** A script for the guest of `guests/syscalls.ts`: what it calls, and the answer that it must get. */
export function calls(
  ...steps: readonly (readonly [call: string, answer: string])[]
): Pick<Attack, 'input' | 'ending'> {
  return {
    input: steps.map(([call]) => call).join('\n'),
    ending: { output: steps.map(([, answer]) => answer).join('\n') },
  };
}

/** One line that shows as it is: no control characters, no line breaks of any kind, no change of direction. */
export const PLAIN: RegExp = /^[^\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]*$/u;
