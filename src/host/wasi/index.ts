import type { Outside, OutsideLine } from '../../canonical-abi/runtime/async/outside.ts';
import { unversioned } from '../../canonical-abi/runtime/names.ts';
import type { CallerLine } from '../../conversation/line.ts';
import type { CommandOrder, RequestOrder } from '../../conversation/messages.ts';
import type { CallContext } from '../call-context.ts';
import type { ResolvedPolicy } from '../policy/policy.ts';
import * as cli from './cli.ts';
import * as clocks from './clocks.ts';
import { type Mount, openGrants } from './filesystem/grants.ts';
import * as filesystem from './filesystem/interfaces.ts';
import { type FileQuotas, Quotas } from './filesystem/quotas.ts';
import { WasiHost } from './host.ts';
import type { FieldsClass } from './http/fields.ts';
import { outgoingHandler } from './http/outgoing-handler.ts';
import { ServedRequest } from './http/served-request.ts';
import { types as httpTypes } from './http/types.ts';
import { NetworkAccess, type NetworkOptions } from './network/access.ts';
import { Wasi3 } from './p3/interfaces.ts';
import type { Answer, ServedMessage } from './p3/served-message.ts';
import { poll } from './poll.ts';
import * as random from './random.ts';
import { Resource } from './resource.ts';
import { ipNameLookup } from './sockets/name-lookup.ts';
import { instanceNetwork, network } from './sockets/network.ts';
import { tcp, tcpCreateSocket } from './sockets/tcp.ts';
import { udp, udpCreateSocket } from './sockets/udp.ts';
import * as streams from './streams.ts';
import { Surroundings } from './surroundings.ts';

/** What a WASI host is made for: one instance of one plugin. */
export interface WasiOptions {
  /** Decides about files, the network, clocks and random numbers. */
  readonly policy: ResolvedPolicy;
  /** Counts the guest's calls and takes down what it prints. */
  readonly context: CallContext;
  /** The environment that the guest sees, filtered by the caller. @default [] */
  readonly environment?: readonly (readonly [string, string])[];
  /**
   * The names of the interfaces that the guest imports, those of WASI 0.2 with or without version; others are not built.
   * @default all of WASI 0.2
   */
  readonly interfaces?: Iterable<string>;
  /** What the instance may take from the file system. @default see {@link FileQuotas} */
  readonly fileQuotas?: Partial<FileQuotas>;
  /** What the instance may take from the network, and who does its I/O. @default see {@link NetworkOptions} */
  readonly network?: NetworkOptions;
  /** Where the instance waits for the main thread, so that it can wait for both. @default it does not */
  readonly line?: OutsideLine | undefined;
}

/** A request that a function of WASI 0.3 answers. */
interface Serving {
  /** The argument of `handle`. */
  readonly request: object;
  /** Takes what `handle` returns, as soon as it does. */
  answer(answer: unknown): void;
  /** Whether there is nothing more to send. */
  isOver(): boolean;
}

/** The WASI of one instance: 0.2 and 0.3. */
export interface Wasi {
  /**
   * An object for each interface, under its name without version, or with it for one of WASI 0.3: functions in camel case, resources as classes.
   * A WIT `err` is thrown as an object with the own property `payload`; `Exit` and `PluginError` end the call.
   */
  readonly imports: Readonly<Record<string, object>>;
  /** What functions and streams of WASI 0.3 wait for; undefined where the guest imports none. */
  readonly outside: Outside | undefined;
  /** Begins a call into the guest. */
  begin(): void;
  /** Has the call that has begun be a command's. */
  command(order: CommandOrder, line: CallerLine): void;
  /** Waits until the caller of a command has taken what that has written. */
  drain(): void;
  /**
   * Has the call that has begun answer a request.
   *
   * @returns The arguments of `wasi:http/incoming-handler`.
   */
  request(order: RequestOrder, line: CallerLine): readonly [incomingRequest: object, responseOutparam: object];
  /**
   * The same for the function of WASI 0.3, which returns its answer.
   *
   * @throws {Error} where the guest has no `wasi:http/types` of WASI 0.3.
   */
  serve(order: RequestOrder, line: CallerLine): Serving;
  /** The last lines of standard error in this call, for the error of one that traps. */
  lastWords(): readonly string[];
  /** Ends a call into the guest: takes down unfinished lines of output, and starts the file quotas anew. */
  flush(): void;
  /**
   * Notes its state between two calls, for an instance that is to be brought back to it.
   *
   * @param hostObjects The objects of the host that the guest has handles of.
   * @returns What brings it back and closes what was opened since; or why it cannot be brought back.
   */
  keep(hostObjects: readonly unknown[]): (() => void) | string;
  /** Closes what the instance has open. Nothing may be called afterwards. */
  close(): void;
}

/** The parts that several interfaces of an instance share. */
interface Parts {
  readonly host: WasiHost;
  readonly clocks: clocks.Clocks;
  readonly surroundings: Surroundings;
  readonly insecure: ReturnType<typeof random.insecureSource>;
  readonly mounts: readonly Mount[];
  readonly network: NetworkAccess;
}

/** Every interface of WASI 0.2. All of them link, whatever the policy: what is not granted is denied at the call. */
const INTERFACES: ReadonlyMap<string, (parts: Parts) => object> = new Map<string, (parts: Parts) => object>([
  ['wasi:cli/environment', (p) => cli.environment(p.host, p.surroundings)],
  ['wasi:cli/exit', (p) => cli.exit(p.host)],
  ['wasi:cli/stdin', (p) => cli.stdin(p.host, p.surroundings)],
  ['wasi:cli/stdout', (p) => cli.stdout(p.host, p.surroundings)],
  ['wasi:cli/stderr', (p) => cli.stderr(p.host, p.surroundings)],
  ['wasi:cli/terminal-input', cli.terminalInput],
  ['wasi:cli/terminal-output', cli.terminalOutput],
  ['wasi:cli/terminal-stdin', (p) => cli.noTerminal(p.host, 'getTerminalStdin')],
  ['wasi:cli/terminal-stdout', (p) => cli.noTerminal(p.host, 'getTerminalStdout')],
  ['wasi:cli/terminal-stderr', (p) => cli.noTerminal(p.host, 'getTerminalStderr')],
  ['wasi:clocks/monotonic-clock', (p) => clocks.monotonicClock(p.host, p.clocks)],
  ['wasi:clocks/wall-clock', (p) => clocks.wallClock(p.host, p.clocks)],
  ['wasi:clocks/timezone', (p) => clocks.timezone(p.host)],
  ['wasi:filesystem/preopens', (p) => filesystem.preopens(p.host, p.mounts)],
  ['wasi:filesystem/types', (p) => filesystem.types(p.host)],
  ['wasi:http/outgoing-handler', (p) => outgoingHandler(p.host, p.network)],
  ['wasi:http/types', (p) => httpTypes(p.host, p.network)],
  ['wasi:io/error', streams.error],
  ['wasi:io/poll', (p) => poll(p.host)],
  ['wasi:io/streams', streams.streams],
  ['wasi:random/insecure', (p) => random.insecure(p.host, p.insecure)],
  ['wasi:random/insecure-seed', (p) => random.insecureSeed(p.host, p.insecure)],
  ['wasi:random/random', (p) => random.random(p.host)],
  ['wasi:sockets/instance-network', (p) => instanceNetwork(p.host)],
  ['wasi:sockets/ip-name-lookup', (p) => ipNameLookup(p.host, p.network)],
  ['wasi:sockets/network', (p) => network(p.host)],
  ['wasi:sockets/tcp', tcp],
  ['wasi:sockets/tcp-create-socket', (p) => tcpCreateSocket(p.host, p.network)],
  ['wasi:sockets/udp', udp],
  ['wasi:sockets/udp-create-socket', (p) => udpCreateSocket(p.host, p.network)],
]);

/** The interfaces that {@link createWasi} offers, by their names without version. */
export const WASI_INTERFACES: ReadonlySet<string> = new Set(INTERFACES.keys());

/**
 * Makes the WASI 0.2 of one instance: an empty sandbox, opened as far as its policy says.
 *
 * @throws {PluginError} `ERR_CAPABILITY_DENIED` when a granted directory cannot be granted safely.
 */
export function createWasi(options: WasiOptions): Wasi {
  const { policy, context } = options;
  const host = new WasiHost(policy, context);
  const quotas = new Quotas(options.fileQuotas);
  const mounts = mountGrants(host, quotas);
  const parts: Parts = {
    host,
    clocks: policy.allowClocks ? clocks.realClocks() : clocks.virtualClocks(),
    surroundings: new Surroundings(host, {
      environment: options.environment ?? [],
      workingDirectory: mounts[0]?.path,
    }),
    insecure: random.insecureSource(host),
    mounts,
    network: new NetworkAccess(host, options.network),
  };
  const imports: Record<string, object> = {};
  let wasi3: Wasi3 | undefined;
  for (const name of options.interfaces ?? INTERFACES.keys()) {
    const key = unversioned(name);
    if (name.startsWith(`${key}@0.3.`)) {
      wasi3 ??= new Wasi3(parts, options.line);
      const built = wasi3.interface(key);
      if (built !== undefined) imports[name] = built;
      continue;
    }
    const build = INTERFACES.get(key);
    if (build !== undefined) imports[key] ??= build(parts);
  }
  const { surroundings } = parts;
  let served: ServedRequest | ServedMessage | undefined;
  return {
    imports,
    outside: wasi3?.occurrences,
    begin() {
      parts.clocks.begin();
      parts.network.begin();
      surroundings.begin();
    },
    command: (order, line) => surroundings.command(order, line),
    drain: () => surroundings.drain(),
    request(order, line) {
      const request = new ServedRequest(host, line, parts.network.limits);
      served = request;
      return request.open(order, imports['wasi:http/types'] as unknown as FieldsClass);
    },
    serve(order, line) {
      const message = wasi3!.serve(line);
      served = message;
      return {
        request: message.open(order),
        answer: (answer) => message.answer(answer as Answer),
        isOver: () => message.isOver,
      };
    },
    lastWords: () => surroundings.lastWords,
    flush() {
      parts.network.end();
      surroundings.flush();
      served?.end();
      served = undefined;
      quotas.restart();
    },
    keep: (hostObjects) => keep(parts, hostObjects),
    close: () => host.close(),
  };
}

function keep({ host, clocks, insecure, mounts }: Parts, hostObjects: readonly unknown[]): (() => void) | string {
  const { policy } = host;
  if (mounts.length > 0) return 'it has been granted directories';
  if (policy.allowNetwork.length > 0) return 'it has been granted the network';
  if (host.open > 0) return 'it has something open';
  if (policy.snapshots !== 'with-random') {
    if (host.hasDrawnRandom) return 'it has drawn random numbers';
    if (clocks.hasToldTime) return 'it has asked for the time of day';
  }
  const resources = hostObjects.filter((object) => object instanceof Resource && object.isTimeless) as Resource[];
  if (resources.length < hostObjects.length) return 'it holds an object of the host that changes';
  const rewinds = [host.keep(), clocks.keep(), insecure.keep()];
  return () => {
    for (const rewind of rewinds) rewind();
    for (const resource of resources) resource.revive();
  };
}

function mountGrants(host: WasiHost, quotas: Quotas): readonly Mount[] {
  try {
    return openGrants(host.policy, { host, quotas });
  } catch (error) {
    // The grants before the bad one are open already.
    host.close();
    throw error;
  }
}
