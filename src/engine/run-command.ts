import { Buffer } from 'node:buffer';
import { invalidArgument } from '../arguments/arguments.ts';
import { Conversation } from '../conversation/conversation.ts';
import type { CommandOrder } from '../conversation/messages.ts';
import { byteSource } from '../conversation/source.ts';
import type { Converse } from '../request/function-call.ts';
import { type RunOptions, type RunResult, resolveRunOptions } from '../request/run-options.ts';
import { commandSink } from './command-sink.ts';
import { GivenUp } from './given-up.ts';

/** Runs a command once, on an instance of its own. */
export async function runCommand(converse: Converse, name: string, options: RunOptions): Promise<RunResult> {
  const { texts, request } = resolveRunOptions(options);
  const order: CommandOrder = { kind: 'command', args: [name, ...texts.args], environment: texts.environment };
  const givenUp = new GivenUp(request.signal);
  const input = options.stdin === undefined ? undefined : byteSource(options.stdin);
  if (options.stdin !== undefined && input === undefined) {
    throw invalidArgument('stdin', 'a string, bytes, or a stream of either', options.stdin);
  }
  const output = commandSink('stdout', options.stdout);
  const errors = commandSink('stderr', options.stderr);
  const conversation = new Conversation({
    input,
    sinks: { output, errors },
    onFailure: (error, what) => givenUp.because(WHAT[what], error),
  });
  try {
    const call = {
      kind: 'conversation',
      order,
      conversation,
      input: JSON.stringify([order.args, input === undefined ? 0 : conversation.number]),
      byteLength: bytesOf(order),
    } as const;
    const status = await converse(call, { ...request, signal: givenUp.signal });
    await conversation.end();
    return { status: status as number, stdout: output.collected(), stderr: errors.collected() };
  } catch (error) {
    void conversation.end();
    throw givenUp.explain(error);
  } finally {
    output.release();
    errors.release();
  }
}

const WHAT = {
  input: 'what it reads (`stdin`)',
  output: 'what takes `stdout`',
  errors: 'what takes `stderr`',
} as const;

function bytesOf({ args, environment }: CommandOrder): number {
  const texts = [...args, ...environment.flat()];
  return texts.reduce((bytes, text) => bytes + Buffer.byteLength(text) + 1, 0);
}
