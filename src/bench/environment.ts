import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { Machine } from './report.ts';

/** The machine that the benchmarks run on. */
export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${platform()} ${release()} ${arch()}`,
  };
}

/** The load average of one minute. */
export function loadAverage(): number {
  return loadavg()[0]!;
}

/** Versions of the package, of Node.js, and of packages that candidates use; those that are not installed are left out. */
export function versions(packages: Readonly<Record<string, string>> = {}): Record<string, string> {
  const own = findPackageJSON(import.meta.url)!;
  const { version } = JSON.parse(readFileSync(own, 'utf8')) as { version: string };
  const found: Record<string, string> = {
    'wasm-plugin-pool': version,
    node: process.versions.node,
    v8: process.versions.v8,
  };
  for (const [name, base] of Object.entries(packages)) {
    const installed = packageVersion(name, base);
    if (installed !== undefined) found[name] = installed;
  }
  return found;
}

function packageVersion(name: string, base: string): string | undefined {
  try {
    const path = findPackageJSON(name, base);
    return path && (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
  } catch {
    return undefined;
  }
}

/** Long enough to be interrupted as often as the benchmarks are. */
const CALIBRATION_MS = 20;

/** How fast the machine is just now: rounds of a fixed loop of arithmetic in a millisecond of wall time. */
export function calibrate(): number {
  const start = performance.now();
  let rounds = 0;
  let value = 1;
  do {
    for (let index = 0; index < 1000; index++) value = (Math.imul(value, 1_664_525) + 1_013_904_223) | 0;
    // Using the value keeps the loop from being optimised away.
    rounds += 1 + (value & 0);
  } while (performance.now() - start < CALIBRATION_MS);
  return rounds / (performance.now() - start);
}
