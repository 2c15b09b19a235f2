/** What is published under `schemas/`, by the types that the commands and the engine have for it: one type a schema. */
import type { CacheFile } from '../../src/artifact/cache-files.ts';
import type { BatchSummary } from '../../src/batch/file/tally.ts';
import type { Built } from '../../src/cli/build.ts';
import type { Report as CheckReport } from '../../src/cli/check.ts';
import type { Report as ConformanceReport } from '../../src/cli/conformance.ts';
import type { ToolchainReport } from '../../src/cli/doctor/toolchains.ts';
import type { Inspection } from '../../src/cli/inspection.ts';
import type { NewProject } from '../../src/cli/new/project.ts';
import type { Pulled } from '../../src/cli/pull.ts';
import type { Pushed } from '../../src/cli/push.ts';
import type { Replayed } from '../../src/cli/replay.ts';
import type { Outcome } from '../../src/cli/run.ts';
import type { Policy } from '../../src/host/policy/policy.ts';
import type { LoadOptions } from '../../src/registry/plugin-version.ts';
import type { OPTION_FILE_KEYS } from '../../src/watch/content.ts';

/** A policy in a file of its own: `--sandbox FILE.json`, `readPolicyFile`. */
export type PolicyFile = Policy;

/** `NAME.json` beside a watched `NAME.wasm`. */
export type OptionFile = Pick<LoadOptions, Exclude<(typeof OPTION_FILE_KEYS)[number], 'imports'>> & {
  /** Modules that supply interfaces, by their paths from the folder of this file. */
  readonly imports?: Readonly<Record<string, string>>;
};

/** What the commands print with `--json`. */
export type Inspect = Inspection;
export type Check = CheckReport;
export type Run = Outcome;
export type Batch = BatchSummary;
export type Conformance = ConformanceReport;
export type CachePath = { readonly directory: string };
export type CacheList = CacheFile[];
export type CachePrune = { readonly removed: CacheFile[]; readonly kept: CacheFile[] };
export type Build = Built;
export type New = NewProject;
export type Pull = Pulled;
export type Push = Pushed;
export type Replay = Replayed[];
export type Doctor = ToolchainReport[];
