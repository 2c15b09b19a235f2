import { Exit } from './exit.ts';
import type { WasiHost } from './host.ts';
import { withoutInstances } from './resource.ts';
import type { LineWriter } from './stdio.ts';
import { EMPTY, InputStream, OutputStream } from './streams.ts';

/** What a guest sees of the world outside, before it opens anything. */
export interface Surroundings {
  readonly environment: readonly (readonly [string, string])[];
  readonly workingDirectory: string | undefined;
}

/** `wasi:cli/environment`: the allowed variables, no arguments, the first granted directory. */
export function environment(host: WasiHost, { environment, workingDirectory }: Surroundings): object {
  return {
    getEnvironment(): [string, string][] {
      host.hostCall();
      return environment.map(([name, value]) => [name, value]);
    },
    getArguments(): string[] {
      host.hostCall();
      return [];
    },
    initialCwd(): string | undefined {
      host.hostCall();
      return workingDirectory;
    },
  };
}

/** `wasi:cli/exit` */
export function exit(host: WasiHost): object {
  return {
    exit(status: { readonly tag: 'ok' | 'err' }): never {
      host.hostCall();
      throw new Exit(status.tag === 'ok' ? 0 : 1);
    },
    exitWithCode(status: number): never {
      host.hostCall();
      throw new Exit(status);
    },
  };
}

/** `wasi:cli/stdin`, which is at its end. */
export function stdin(host: WasiHost): object {
  return {
    getStdin(): InputStream {
      host.hostCall();
      return new InputStream(host, EMPTY);
    },
  };
}

/** `wasi:cli/stdout` */
export function stdout(host: WasiHost, writer: LineWriter): object {
  return {
    getStdout(): OutputStream {
      host.hostCall();
      return new OutputStream(host, writer);
    },
  };
}

/** `wasi:cli/stderr` */
export function stderr(host: WasiHost, writer: LineWriter): object {
  return {
    getStderr(): OutputStream {
      host.hostCall();
      return new OutputStream(host, writer);
    },
  };
}

/** `wasi:cli/terminal-{stdin,stdout,stderr}`: none of them is a terminal. */
export function noTerminal(
  host: WasiHost,
  name: 'getTerminalStdin' | 'getTerminalStdout' | 'getTerminalStderr',
): object {
  return {
    [name](): undefined {
      host.hostCall();
      return undefined;
    },
  };
}

const TerminalInput: object = withoutInstances('wasi:cli/terminal-input.terminal-input', []);
const TerminalOutput: object = withoutInstances('wasi:cli/terminal-output.terminal-output', []);

/** `wasi:cli/terminal-input` */
export function terminalInput(): object {
  return { TerminalInput };
}

/** `wasi:cli/terminal-output` */
export function terminalOutput(): object {
  return { TerminalOutput };
}
