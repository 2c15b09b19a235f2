import type { Scenario } from '../src/bench/scenario.ts';
import { scenario as instantiate } from '../src/bench/scenarios/instantiate.ts';
import { scenario as latency } from '../src/bench/scenarios/latency.ts';
import { scenario as memoryPerInstance } from '../src/bench/scenarios/memory-per-instance.ts';
import { scenario as throughput } from '../src/bench/scenarios/throughput.ts';
import { scenario as batch } from './scenarios/batch.ts';
import { scenario as fairness } from './scenarios/fairness.ts';
import { scenario as hostCall } from './scenarios/host-call.ts';
import { scenario as killRecovery } from './scenarios/kill-recovery.ts';
import { scenario as languages } from './scenarios/languages.ts';
import { scenario as mixed } from './scenarios/mixed.ts';
import { scenario as reloadUnderLoad } from './scenarios/reload-under-load.ts';
import { scenario as scaling } from './scenarios/scaling.ts';

/** Everything that `npm run bench` measures. */
export const SCENARIOS: readonly Scenario[] = [
  throughput,
  latency,
  instantiate,
  hostCall,
  killRecovery,
  mixed,
  fairness,
  reloadUnderLoad,
  memoryPerInstance,
  batch,
  languages,
  scaling,
];
