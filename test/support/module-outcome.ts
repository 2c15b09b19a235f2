import { createHash } from 'node:crypto';
import { CONTROL_IMPORT, ControlPage } from '../../src/instrumentation/control-page.ts';

/** What can be seen of a run of a module: what it returned or how it ended, its memory, and what it asked of the host. */
export interface ModuleOutcome {
  readonly ends: string;
  readonly memory: string;
  readonly host: readonly number[];
}

/** Runs `run` of a module that {@link generatedModule} made, or of one that was made from it. */
export function moduleOutcome(
  bytes: Uint8Array,
  argument: number,
  control: ControlPage = new ControlPage(),
): ModuleOutcome {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
  const second = new WebAssembly.Memory({ initial: 1, maximum: 2 });
  const host: number[] = [];
  const imports = {
    e: {
      memory,
      second,
      host: (value: number) => {
        host.push(value);
        return host.length * 3;
      },
    },
    [CONTROL_IMPORT]: { [CONTROL_IMPORT]: control.memory },
  };
  const { run } = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports;
  const ends = endOf(() => (run as (n: number) => number)(argument));
  const hash = createHash('sha256');
  for (const { buffer } of [memory, second]) hash.update(new Uint8Array(buffer));
  return { ends, memory: hash.digest('hex'), host };
}

function endOf(run: () => number): string {
  try {
    return String(run());
  } catch (error) {
    return String(error);
  }
}
