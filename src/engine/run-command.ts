import { Buffer } from 'node:buffer';
import { invalidArgument } from '../arguments/arguments.ts';
import { Conversation } from '../conversation/conversation.ts';
import type { CommandOrder } from '../conversation/messages.ts';
import { type ByteSource, byteSource } from '../conversation/source.ts';
import type { Converse } from '../request/function-call.ts';
import { checkProcessOptions } from '../request/request.ts';
import { type CommandInput, type RunOptions, type RunResult, resolveRunOptions } from '../request/run-options.ts';
import { assertOutput, commandSink } from './command-sink.ts';
import { GivenUp } from './given-up.ts';

/** Runs a command once, on an instance of its own. */
export async function runCommand(converse: Converse, name: string, options: RunOptions): Promise<RunResult> {
  const { texts, request } = resolveRunOptions(options);
  checkProcessOptions(request);
  assertOutput('stdout', options.stdout);
  assertOutput('stderr', options.stderr);
  const order: CommandOrder = { kind: 'command', args: [name, ...texts.args], environment: texts.environment };
  const givenUp = new GivenUp(request.signal);
  const input = inputOf(options.stdin);
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

function inputOf(stdin: CommandInput | undefined): ByteSource | undefined {
  if (stdin === undefined) return undefined;
  if (stdin instanceof ReadableStream && stdin.locked)
    throw invalidArgument('stdin', 'a stream that nobody else reads', stdin);
  const input = byteSource(stdin);
  if (input === undefined) throw invalidArgument('stdin', 'a string, bytes, or a stream of either', stdin);
  return input;
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
