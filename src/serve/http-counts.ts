import type { ServerResponse } from 'node:http';

const PREFIX = 'wasm_plugin_pool_http_';

/** What a server has answered, for `/metrics`. */
export class HttpCounts {
  readonly #byStatus = new Map<number, number>();
  #open = 0;

  /** A request has come; it is over when its answer is sent or its client has gone. */
  begin(response: ServerResponse): void {
    this.#open++;
    response.once('close', () => {
      this.#open--;
      // 499 as other servers call it where nobody was there to be answered.
      const status = response.writableFinished ? response.statusCode : 499;
      this.#byStatus.set(status, (this.#byStatus.get(status) ?? 0) + 1);
    });
  }

  /** In the text format of Prometheus. */
  text(): string {
    const lines = [...this.#byStatus]
      .toSorted(([one], [other]) => one - other)
      .map(([status, count]) => `${PREFIX}requests_total{status="${status}"} ${count}\n`);
    return [
      `# HELP ${PREFIX}requests_total Requests over HTTP that are over, by status; 499 where the client had gone\n`,
      `# TYPE ${PREFIX}requests_total counter\n`,
      ...lines,
      `# HELP ${PREFIX}requests_open Requests over HTTP that are not over\n`,
      `# TYPE ${PREFIX}requests_open gauge\n`,
      `${PREFIX}requests_open ${this.#open}\n`,
    ].join('');
  }
}
