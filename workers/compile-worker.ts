import { Buffer } from 'node:buffer';
import { compileComponent } from '../src/artifact/compile-component.ts';
import type { CompileReply, CompileTask } from '../src/artifact/protocol.ts';
import { describe, PluginError, toWire } from '../src/errors.ts';
import { cleanLogLine } from '../src/text/log-line.ts';
import { moved } from '../src/thread/moved.ts';

/** A tool that panics says so on stderr, with a backtrace that is of no use to whoever reads this process's stderr. */
let printed = '';
const MAX_PRINTED = 4096;
process.stderr.write = (chunk: string | Uint8Array): boolean => {
  printed = `${printed}${Buffer.from(chunk)}`.slice(0, MAX_PRINTED);
  return true;
};

/** Compiles one component. What goes wrong is part of the reply: an error that is thrown loses its code on the way. */
export default async function compileWorker({ bytes, options }: CompileTask): Promise<CompileReply> {
  printed = '';
  try {
    const component = await compileComponent(bytes, options);
    return moved(
      { kind: 'compiled', component },
      component.modules.map((module) => module.bytes),
    );
  } catch (error) {
    if (error instanceof PluginError) return { kind: 'refused', error: toWire(error) };
    const panic = /panicked at .*:\n(.+)/.exec(printed)?.[1];
    const why = cleanLogLine(panic ?? describe(error)).slice(0, 300);
    const failure = new PluginError(
      'ERR_INVALID_COMPONENT',
      `The component cannot be compiled: the tools failed: ${why}`,
      {
        hint: 'The compiler does not know all that a component can do; build the plugin with current tools, or report it.',
      },
    );
    return { kind: 'panicked', error: toWire(failure) };
  }
}
