import { deserialize } from 'node:v8';
import type { LiveComponent } from '../canonical-abi/runtime/component.ts';
import type { ResourceFunction } from '../canonical-abi/runtime/resource-functions.ts';
import { isHeld, noteOwned, standIn } from '../canonical-abi/runtime/resources.ts';
import { shownName } from '../component/names.ts';
import type { FunctionCall, SessionArguments, SessionDrop, SessionReturn } from '../contract/values.ts';
import { PluginError } from '../errors.ts';
import { isWitError } from './wit-error.ts';

/** Resources that the caller of one session may hold at once. Each takes memory of the thread's, which no policy bounds. */
const MAX_SESSION_RESOURCES = 65_536;

/** The resources of one instance that its caller on another thread holds, by their numbers in the session. */
export class SessionResources {
  readonly #live: LiveComponent;
  readonly #held = new Map<number, object>();
  readonly #functions = new Map<string, ResourceFunction>();
  #last = 0;

  constructor(live: LiveComponent) {
    this.#live = live;
  }

  /**
   * Looks at a call before anything of the guest's runs.
   *
   * @returns What makes it.
   * @throws {PluginError} `ERR_INVALID_ARGUMENT` for arguments that the function does not take; the instance has seen nothing
   * of them.
   */
  prepare(call: FunctionCall): () => SessionReturn {
    return call.session === 'drop' ? this.#prepareDrop(call) : this.#prepareCall(call);
  }

  #prepareDrop({ args }: FunctionCall): () => SessionReturn {
    const { numbers }: SessionDrop = deserialize(args);
    return () => {
      for (const number of numbers) {
        const object = this.#held.get(number);
        this.#held.delete(number);
        (object as Disposable | undefined)?.[Symbol.dispose]();
      }
      return { value: undefined, handles: [], gone: numbers };
    };
  }

  #prepareCall({ interface: owner, name, returns, args: packed }: FunctionCall): () => SessionReturn {
    const { args, handles }: SessionArguments = deserialize(packed);
    for (const [place, number] of handles) {
      const object = this.#held.get(number);
      // One that a call before this one has passed on, which its caller had not heard of.
      if (object !== undefined) standIn(place, object);
    }
    const func = this.#function(owner, name);
    const refusal = func.refusal(args);
    if (refusal !== undefined) {
      throw new PluginError('ERR_INVALID_ARGUMENT', `The arguments do not fit the function: ${refusal}`, {
        hint: '`wasm-plugin-pool types` writes the types that it takes. The session goes on.',
      });
    }
    return () => {
      const { value, owned } = noteOwned(() => outcome(func, args, returns));
      const taken = owned.map((object) => [object, this.#hold(object), this.#live.resourceNumber(object)] as const);
      const gone = handles.flatMap(([, number]) => (this.#letGo(number) ? number : []));
      return { value, handles: taken, gone };
    };
  }

  #function(owner: string | undefined, name: string): ResourceFunction {
    const path = JSON.stringify([owner, name]);
    const func = this.#functions.get(path) ?? this.#live.resourceFunction(owner, name);
    if (func === undefined) {
      throw new PluginError('ERR_INVALID_ARGUMENT', `The component has no ${shownName(name)} of its own`, {
        hint: 'It exports a function that it imports as it is; call that of the host.',
      });
    }
    this.#functions.set(path, func);
    return func;
  }

  #hold(object: object): number {
    if (this.#held.size >= MAX_SESSION_RESOURCES) {
      const message = `The session would hold more than ${MAX_SESSION_RESOURCES} resources`;
      throw new PluginError('ERR_SESSION_LIMIT', message, {
        limit: { name: 'resources', value: MAX_SESSION_RESOURCES },
        hint: 'Let go of the resources of a session that are done with.',
      });
    }
    this.#held.set(++this.#last, object);
    return this.#last;
  }

  /** Forgets a resource that was passed on; false for one that the caller still has. */
  #letGo(number: number): boolean {
    const object = this.#held.get(number);
    if (object !== undefined && isHeld(object)) return false;
    this.#held.delete(number);
    return true;
  }
}

/** What a function returns; the `err` of a `result` is no fault. */
function outcome({ call }: ResourceFunction, args: readonly unknown[], returns: FunctionCall['returns']): unknown {
  if (returns === 'value') return call(...args);
  try {
    return { tag: 'ok', val: call(...args) };
  } catch (error) {
    if (isWitError(error)) return { tag: 'err', val: error.payload };
    throw error;
  }
}
