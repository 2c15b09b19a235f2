import type { ResponseSink } from '../canonical-abi/runtime/contract.ts';
import type { PluginResponse } from '../contract/values.ts';

/** Reads what a guest answers. One for all requests, so that a request leaves nothing behind but its answer. */
export class ResponseReader implements ResponseSink {
  #response: { -readonly [Key in keyof PluginResponse]: PluginResponse[Key] } | undefined;

  readonly respond: ResponseSink['respond'] = (memory, outputAt, outputLength, success, messageAt, messageLength) => {
    const output = memory.toString('utf8', outputAt, outputAt + outputLength);
    if (messageAt < 0) {
      this.#response = { output, success, instructions: 0 };
      return;
    }
    const errorMessage = memory.toString('utf8', messageAt, messageAt + messageLength);
    this.#response = { output, success, errorMessage, instructions: 0 };
  };

  /** The answer to the last request. @param instructions What it took. */
  take(instructions: number): PluginResponse {
    const response = this.#response!;
    this.#response = undefined;
    response.instructions = instructions;
    return response;
  }
}
