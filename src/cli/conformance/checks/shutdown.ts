import { SHUTDOWN_FAILED } from '../../../pool/protocol.ts';
import { failed, type Outcome, passed } from '../finding.ts';
import type { Subject } from '../subject.ts';

/** Whether its `shutdown` returns. */
export async function checkShutdown(subject: Subject): Promise<Outcome> {
  const problems: string[] = [];
  const { engine } = subject;
  const name = 'shutdown';
  const onLog = ({ plugin, level, message }: { plugin: string; level: string; message: string }): void => {
    if (plugin === name && level === 'warn' && message.startsWith(SHUTDOWN_FAILED)) {
      problems.push(message.slice(SHUTDOWN_FAILED.length));
    }
  };
  const onTermination = ({ plugin, code }: { plugin: string; code: string }): void => {
    if (plugin === name) problems.push(`it was ended (${code})`);
  };
  engine.on('plugin:log', onLog);
  engine.on('worker:terminated', onTermination);
  try {
    await subject.load(name, (process) => process(subject.options.samples[0]!));
  } finally {
    engine.off('plugin:log', onLog);
    engine.off('worker:terminated', onTermination);
  }
  if (problems.length === 0) return passed('ends in order');
  return failed('does not shut down in order', 'Return from `shutdown`: nothing but a log hears its error.', problems);
}
