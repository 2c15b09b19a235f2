import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Option } from 'commander';
import type { PluginEngine } from '../engine.ts';
import { fileFailure } from './failure.ts';
import { countOption } from './options.ts';
import { say } from './output.ts';

/** Serves metrics while a command runs. */
export interface MetricsServer {
  close(): Promise<void>;
}

/** `--metrics-port`. */
export function metricsPortOption(): Option {
  const range = { min: 0, max: 65_535 };
  return countOption(
    '--metrics-port <n>',
    'serve metrics for Prometheus on 127.0.0.1 meanwhile; 0 is any free port',
    range,
  );
}

/**
 * Serves the metrics of an engine, and others, at `/metrics` of the loopback address.
 *
 * @param others More of them, in the text format of Prometheus.
 * @throws {Failure} with status 2 where the port cannot be used.
 */
export async function serveMetrics(
  port: number,
  engine: Pick<PluginEngine, 'metrics'>,
  others: () => string = () => '',
): Promise<MetricsServer> {
  const server = createServer(async ({ method, url }, response) => {
    if (url?.split('?', 1)[0] !== '/metrics' || (method !== 'GET' && method !== 'HEAD')) {
      response.writeHead(404).end('There is `GET /metrics`.\n');
      return;
    }
    try {
      const text = `${await engine.metrics.prometheus()}${others()}`;
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text);
    } catch {
      // The engine is being closed.
      response.writeHead(503).end();
    }
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening').catch((error: unknown) => {
    throw fileFailure('serve metrics on', `127.0.0.1:${port}`, error);
  });
  server.unref();
  say(`Metrics on http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`);
  return {
    close: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
