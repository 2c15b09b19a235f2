import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { RequestOptions } from '../contract/values.ts';
import type { ErrorCode } from '../errors.ts';

/** Inputs that are remembered for each plugin. */
const MAX_INPUTS = 1000;

/**
 * An input that has killed workers.
 *
 * @example
 * const isRefused = ({ state }: QuarantinedInput) => state === 'refused';
 * for (const { sha256 } of engine.quarantined('redact').filter(isRefused)) engine.clearQuarantine('redact', sha256);
 */
export interface QuarantinedInput {
  /** Of `JSON.stringify([input, options])`, with the options as pairs; in hexadecimal. */
  readonly sha256: string;
  /** Of the component that it has killed workers of. Another one is not kept from it. */
  readonly component: string;
  /** Workers that it has killed. */
  readonly kills: number;
  /** Requests with it that were refused. */
  readonly refusals: number;
  /** How it killed the last one. */
  readonly code: ErrorCode;
  /** `watched` until it has killed as many as the failure policy allows. */
  readonly state: 'watched' | 'refused';
}

type Entry = { -readonly [Key in keyof QuarantinedInput]: QuarantinedInput[Key] };

/** What to look up: the text of a request. */
export interface Input {
  readonly input: string;
  readonly options: RequestOptions;
}

/** The inputs that have killed workers of one plugin, the least recent of many forgotten. */
export class Quarantine {
  readonly #entries = new LRUCache<string, Entry>({ max: MAX_INPUTS });
  /** Lengths of the inputs that are refused: hardly any other input has to be hashed. */
  readonly #lengths = new Set<number>();

  /** Remembers that a worker was killed because of an input. */
  killed(component: string, request: Input, code: ErrorCode, maxKills: number): QuarantinedInput {
    const sha256 = fingerprint(request);
    const entry = this.#entries.get(key(component, sha256)) ?? fresh(component, sha256, code);
    entry.kills++;
    entry.code = code;
    entry.state = entry.kills >= maxKills ? 'refused' : 'watched';
    if (entry.state === 'refused') this.#lengths.add(request.input.length);
    this.#entries.set(key(component, sha256), entry);
    return { ...entry };
  }

  /** Whether there is an input that is refused. */
  get isEmpty(): boolean {
    return this.#lengths.size === 0;
  }

  /** The entry of an input that is to be refused, which counts as a refusal. */
  refuse(component: string, request: Input): QuarantinedInput | undefined {
    if (!this.#lengths.has(request.input.length)) return undefined;
    const entry = this.#entries.get(key(component, fingerprint(request)));
    if (entry?.state !== 'refused') return undefined;
    entry.refusals++;
    return entry;
  }

  /** The most recent first. */
  list(): QuarantinedInput[] {
    return [...this.#entries.values()].map((entry) => ({ ...entry }));
  }

  /** Forgets one input, or all; gives how many. */
  clear(sha256?: string): number {
    const before = this.#entries.size;
    for (const [name, entry] of [...this.#entries.entries()])
      if (sha256 === undefined || entry.sha256 === sha256) this.#entries.delete(name);
    if (this.#entries.size === 0) this.#lengths.clear();
    return before - this.#entries.size;
  }
}

function fresh(component: string, sha256: string, code: ErrorCode): Entry {
  return { sha256, component, kills: 0, refusals: 0, code, state: 'watched' };
}

function key(component: string, sha256: string): string {
  return `${component} ${sha256}`;
}

function fingerprint({ input, options }: Input): string {
  return hash('sha256', JSON.stringify([input, options]));
}
