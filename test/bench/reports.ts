import type { Report } from '../../src/bench/report.ts';
import type { Metric } from '../../src/bench/scenario.ts';
import { summarize } from '../../src/bench/summary.ts';

export const RATE: Metric = { name: 'rate', unit: '/s', better: 'higher' };

/** A report of one case, with these values of each candidate's. */
export function reportOf(values: Readonly<Record<string, readonly number[]>>, metric: Metric = RATE): Report {
  const rounds = Object.entries(values).map(
    ([name, list]) => [name, list.map((value) => ({ values: { [metric.name]: value } }))] as const,
  );
  const curve = [[0, 0.1], [50, 0.2], [100, 7]] as const; // biome-ignore format: three points
  return {
    format: 1,
    startedAt: '2026-01-02T03:04:05.000Z',
    durationMs: 1234.5,
    effort: 'quick',
    machine: { cpu: 'A <fast> one', cores: 2, memoryBytes: 2 ** 33, system: 'linux' },
    versions: { 'wasm-plugin-pool': '0.1.0', node: '22.19.0' },
    load: { before: 0.5, after: 1, calibration: [100, 101, 99, 100] },
    subject: { file: 'rot13.wasm', sha256: 'ab', bytes: 1000 },
    threads: 2,
    questions: { throughput: 'How many requests a second?' },
    cases: [
      {
        scenario: 'throughput',
        case: '16 B, 64 callers',
        parameters: { bytes: 16, callers: 64 },
        rounds: 6,
        roundMs: 60,
        metrics: [summarize(metric, new Map(rounds))!],
        latency: { engine: curve },
      },
    ],
    skipped: [{ scenario: '*', candidate: 'Lua', reason: 'it is not installed' }],
  };
}
