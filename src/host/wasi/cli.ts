import { Exit } from './exit.ts';
import type { WasiHost } from './host.ts';
import { withoutInstances } from './resource.ts';
import { InputStream, OutputStream } from './streams.ts';
import type { Surroundings } from './surroundings.ts';

/** `wasi:cli/environment` */
export interface Environment {
  getEnvironment(): [string, string][];
  getArguments(): string[];
  initialCwd(): string | undefined;
}

/** `wasi:cli/environment`: the allowed variables, the first granted directory; arguments where it is run as a command. */
export function environment(host: WasiHost, surroundings: Surroundings): Environment {
  return {
    getEnvironment(): [string, string][] {
      host.hostCall();
      return surroundings.environment.map(([name, value]) => [name, value]);
    },
    getArguments(): string[] {
      host.hostCall();
      return [...surroundings.args];
    },
    initialCwd(): string | undefined {
      host.hostCall();
      return surroundings.workingDirectory;
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

/** `wasi:cli/stdin`, which is at its end where nobody gives it anything. */
export function stdin(host: WasiHost, surroundings: Surroundings): object {
  return {
    getStdin(): InputStream {
      host.hostCall();
      return new InputStream(host, surroundings.stdin);
    },
  };
}

/** `wasi:cli/stdout` */
export function stdout(host: WasiHost, surroundings: Surroundings): object {
  return {
    getStdout(): OutputStream {
      host.hostCall();
      return new OutputStream(host, surroundings.stdout);
    },
  };
}

/** `wasi:cli/stderr` */
export function stderr(host: WasiHost, surroundings: Surroundings): object {
  return {
    getStderr(): OutputStream {
      host.hostCall();
      return new OutputStream(host, surroundings.stderr);
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
