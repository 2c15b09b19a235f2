import type { OutsideLine } from '../../../canonical-abi/runtime/async/outside.ts';
import type { CallerLine } from '../../../conversation/line.ts';
import * as cli2 from '../cli.ts';
import type { Clocks } from '../clocks.ts';
import type { Mount } from '../filesystem/grants.ts';
import type { WasiHost } from '../host.ts';
import type { NetworkAccess } from '../network/access.ts';
import * as random from '../random.ts';
import type { Surroundings } from '../surroundings.ts';
import { ByteStreams } from './byte-streams.ts';
import * as cli from './cli.ts';
import * as clocks from './clocks.ts';
import * as filesystem from './filesystem.ts';
import { client } from './http-client.ts';
import { type HttpTypes, httpTypes } from './http-types.ts';
import { Occurrences } from './occurrences.ts';
import { ServedMessage } from './served-message.ts';

/** What the interfaces of WASI 0.3 share with those of 0.2: policies, limits and books are the same. */
export interface SharedParts {
  readonly host: WasiHost;
  readonly clocks: Clocks;
  readonly surroundings: Surroundings;
  readonly mounts: readonly Mount[];
  readonly network: NetworkAccess;
  readonly insecure: ReturnType<typeof random.insecureSource>;
}

/** The parts that several interfaces of an instance share. */
interface Parts extends SharedParts {
  readonly occurrences: Occurrences;
  readonly streams: ByteStreams;
  readonly files: ReturnType<typeof filesystem.types>;
  readonly http: HttpTypes;
}

const NO_FUNCTIONS = (): object => ({});

/** Every interface of WASI 0.3. All of them link, whatever the policy: what is not granted is denied at the call. */
const INTERFACES: ReadonlyMap<string, (parts: Parts) => object> = new Map<string, (parts: Parts) => object>([
  ['wasi:cli/environment', (p) => cli.environment(p.host, p.surroundings)],
  ['wasi:cli/exit', (p) => cli2.exit(p.host)],
  ['wasi:cli/stdin', (p) => cli.stdin(p.streams, p.surroundings)],
  ['wasi:cli/stdout', (p) => cli.output(p.streams, p.surroundings, 'stdout')],
  ['wasi:cli/stderr', (p) => cli.output(p.streams, p.surroundings, 'stderr')],
  ['wasi:cli/terminal-input', cli2.terminalInput],
  ['wasi:cli/terminal-output', cli2.terminalOutput],
  ['wasi:cli/terminal-stdin', (p) => cli2.noTerminal(p.host, 'getTerminalStdin')],
  ['wasi:cli/terminal-stdout', (p) => cli2.noTerminal(p.host, 'getTerminalStdout')],
  ['wasi:cli/terminal-stderr', (p) => cli2.noTerminal(p.host, 'getTerminalStderr')],
  ['wasi:cli/types', NO_FUNCTIONS],
  ['wasi:clocks/monotonic-clock', (p) => clocks.monotonicClock(p.host, p.clocks, p.occurrences)],
  ['wasi:clocks/system-clock', (p) => clocks.systemClock(p.host, p.clocks)],
  ['wasi:clocks/timezone', (p) => clocks.timezone(p.host)],
  ['wasi:clocks/types', NO_FUNCTIONS],
  ['wasi:filesystem/preopens', (p) => filesystem.preopens(p.host, p.mounts, p.files.Descriptor)],
  ['wasi:filesystem/types', (p) => p.files],
  ['wasi:http/client', (p) => client(p.host, p.network, p.occurrences, p.streams, p.http)],
  ['wasi:http/types', (p) => p.http],
  ['wasi:random/insecure', (p) => random.insecure(p.host, p.insecure)],
  ['wasi:random/insecure-seed', (p) => random.insecureSeed(p.host, p.insecure)],
  ['wasi:random/random', (p) => random.random(p.host)],
]);

/** The WASI 0.3 of one instance. */
export class Wasi3 {
  /** What its calls and streams wait for. */
  readonly occurrences: Occurrences;
  readonly #parts: Parts;
  readonly #built = new Map<string, object>();

  /** @param line On which functions of the embedder's are asked. */
  constructor(parts: SharedParts, line?: OutsideLine) {
    const occurrences = new Occurrences(line);
    this.occurrences = occurrences;
    const streams = new ByteStreams(parts.host, occurrences);
    this.#parts = {
      ...parts,
      occurrences,
      streams,
      files: filesystem.types(streams),
      http: httpTypes(parts.host, parts.network, streams),
    };
  }

  /** An interface by its name without version: releases of one share an object, so that their resources are the same. */
  interface(name: string): object | undefined {
    let built = this.#built.get(name);
    if (built === undefined) {
      built = INTERFACES.get(name)?.(this.#parts);
      if (built !== undefined) this.#built.set(name, built);
    }
    return built;
  }
  /** A request that the instance is to answer. */
  serve(line: CallerLine): ServedMessage {
    const { host, network, streams, http } = this.#parts;
    return new ServedMessage(host, line, network.limits, streams, http);
  }
}
