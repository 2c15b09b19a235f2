import type { NumberedResource, SessionReturn } from '../contract/values.ts';
import { PluginError } from '../errors.ts';

/** What an object of the caller's stands for. */
interface Handle {
  readonly owner: Handles;
  readonly number: number;
  /** `gone`: dropped, or passed on to the plugin. */
  state: 'held' | 'gone';
}

/** In a map of our own and not in the objects: there is nothing to forge, and their methods may have any names. */
const handles = new WeakMap<object, Handle>();

/** The resources that the caller of one session has: objects that stand for numbers, which only its worker understands. */
export class Handles {
  readonly #held = new Map<number, Handle>();

  /** How many the caller has not let go of. */
  get size(): number {
    return this.#held.size;
  }

  /**
   * The resources among the arguments of a call, with their numbers.
   *
   * @throws {PluginError} `ERR_INVALID_ARGUMENT` for one of another session, or one that was dropped or passed on.
   */
  among(args: readonly unknown[]): NumberedResource[] {
    return objectsIn(args).flatMap((object): NumberedResource[] => {
      return handles.has(object) ? [[object, this.numberOf(object)]] : [];
    });
  }

  /** @throws {PluginError} `ERR_INVALID_ARGUMENT` for what is no resource that this session holds. */
  numberOf(object: unknown): number {
    const handle = typeof object === 'object' && object !== null ? handles.get(object) : undefined;
    if (handle === undefined) throw refused('It is no resource of a session', 'Take what a call in the session gave.');
    if (handle.owner !== this) {
      throw refused(
        'The resource is another session’s',
        'Each session has an instance of its own; make one in this session.',
      );
    }
    if (handle.state === 'gone') {
      throw refused(
        'The resource was dropped or passed on',
        'What a function takes as its own is not the caller’s any more.',
      );
    }
    return handle.number;
  }

  /** Makes handles of the places of resources in what a call gave, and lets go of what it took. */
  settle({ handles: taken, gone }: SessionReturn, prototypeOf: (type: number) => object): void {
    for (const [place, number, type] of taken) {
      Object.setPrototypeOf(place, prototypeOf(type));
      const handle: Handle = { owner: this, number, state: 'held' };
      handles.set(place, handle);
      this.#held.set(number, handle);
    }
    for (const number of gone) this.letGo(number);
  }

  /** One is the caller's no more. */
  letGo(number: number): void {
    const handle = this.#held.get(number);
    if (handle !== undefined) handle.state = 'gone';
    this.#held.delete(number);
  }
}

/** Every object within a value, once. Not those of numbers, which hold none. */
function objectsIn(value: readonly unknown[]): object[] {
  const found = new Set<object>([value]);
  for (const object of found) {
    if (ArrayBuffer.isView(object)) continue;
    for (const part of Object.values(object)) if (typeof part === 'object' && part !== null) found.add(part);
  }
  return [...found];
}

function refused(message: string, hint: string): PluginError {
  return new PluginError('ERR_INVALID_ARGUMENT', message, { hint });
}
