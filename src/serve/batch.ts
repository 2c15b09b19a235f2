import { FailedRecord } from '../batch/flight.ts';
import type { BatchRequest, BatchResult } from '../batch/options.ts';
import type { PluginEngine } from '../engine.ts';
import { PluginError } from '../errors.ts';
import { readAsking } from './asking.ts';
import { assertPlain } from './body.ts';
import { readLines } from './body-lines.ts';
import type { Exchange } from './exchange.ts';
import { LineWriter } from './line-writer.ts';
import type { ResolvedHandlerOptions } from './options.ts';
import { problemOf, refusal } from './problem.ts';
import { type MalformedLine, type RecordLine, recordOf } from './record-line.ts';

/**
 * `POST /plugins/NAME` with lines of JSON: each is a request, each line of the answer says what became of one. Neither side
 * is held as a whole: while the client does not read, nothing more is read of it, and it may send as it reads.
 */
export async function batch(
  engine: PluginEngine,
  exchange: Exchange,
  name: string,
  options: ResolvedHandlerOptions,
): Promise<void> {
  const { query, request, response, signal } = exchange;
  const asking = readAsking(exchange, options);
  assertPlain(exchange);
  const concurrency = askedConcurrency(query.get('concurrency'), options.maxConcurrency);
  const { deadlineMs, version } = asking.process;
  if (version !== undefined) throw refusal(400, 'A batch goes where its records are routed.', 'Leave `version` out.');
  // Before the answer begins, as its status cannot be taken back.
  if (!engine.listPlugins().some((plugin) => plugin.name === name)) await engine.process(name, { input: '' });
  if (exchange.expectsContinue) response.writeContinue();
  exchange.begin(200, 'application/x-ndjson');
  const records = new Records(readLines(request, options.maxBodyBytes, options.bodyTimeoutMs), asking.options);
  const writer = new LineWriter(response, options.bodyTimeoutMs);
  const results = engine.batch(records, {
    plugin: name,
    concurrency,
    ordered: query.get('ordered') === 'true',
    signal,
    ...(deadlineMs !== undefined && { deadlineMs }),
  });
  for await (const result of results) {
    await writer.write(records.lineOf(result));
  }
  await writer.end();
}

function askedConcurrency(asked: string | null, most: number): number {
  if (asked === null) return most;
  if (!/^[1-9]\d{0,5}$/.test(asked)) throw refusal(400, '`concurrency` is a whole number from 1 up.');
  return Math.min(Number(asked), most);
}

/** Stands in the batch for a line that is none, so that the batch bounds those, too, and has them in their order. */
class NoRequest extends FailedRecord implements BatchRequest {
  readonly input = '';

  constructor() {
    super({ input: '' }, new PluginError('ERR_INVALID_ARGUMENT', 'The line is no request'));
  }
}

const NO_REQUEST = new NoRequest();

/** The records of a batch on their way to the engine, and what is to be said of them on the way back. */
class Records implements AsyncIterable<BatchRequest> {
  readonly #lines: AsyncIterable<string | undefined>;
  readonly #options: readonly (readonly [string, string])[];
  /** By their place among the lines, which is that in the batch. */
  readonly #underWay = new Map<number, RecordLine | MalformedLine>();

  constructor(lines: AsyncIterable<string | undefined>, options: readonly (readonly [string, string])[]) {
    this.#lines = lines;
    this.#options = options;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<BatchRequest> {
    let place = 0;
    for await (const text of this.#lines) {
      const record = recordOf(text, place, this.#options);
      this.#underWay.set(place++, record);
      yield 'problem' in record ? NO_REQUEST : record.request;
    }
  }

  lineOf(result: BatchResult): object {
    const record = this.#underWay.get(result.index)!;
    this.#underWay.delete(result.index);
    const { index, id } = record;
    if ('problem' in record) return failureLine(index, id, record.problem);
    if (!result.ok) return failureLine(index, id, problemOf(result.error));
    const { output, success, errorMessage } = result;
    return { id, index, ok: true, output, success, errorMessage };
  }
}

function failureLine(index: number, id: unknown, { details }: ReturnType<typeof problemOf>): object {
  return { id, index, ok: false, error: details };
}
