import type { ArtifactSummary } from '../../artifact/artifact.ts';
import type { CompileOptions } from '../../artifact/compile-component.ts';
import type { ArtifactCompilerOptions } from '../../artifact/compiler.ts';
import type { ContractMatch } from '../../contract/match.ts';
import type { PluginMetadata, Utterance } from '../../contract/values.ts';
import type { ErrorCode, WireError } from '../../errors.ts';
import type { ThreadCounts } from '../../observe/snapshot.ts';
import type { LaneOpening } from '../../registry/executor.ts';
import type { SchedulerOptions } from '../../scheduler/scheduler-options.ts';

/*
 * What the two processes say to each other. Requests and their results are packed (`requests.ts`, `results.ts`); all else
 * is a message: structured clones to the child, which trusts the host, and JSON to the host, which trusts nothing.
 */

/** The kinds of frames. */
export const FRAME = { message: 1, requests: 2, results: 3 } as const;

/** What the host tells the child. `ask` numbers what it wants an answer to. */
export type HostMessage =
  /** Comes first. */
  | {
      readonly kind: 'start';
      readonly options: SchedulerOptions & ArtifactCompilerOptions;
    }
  | {
      readonly kind: 'load';
      readonly ask: number;
      readonly component: number;
      readonly bytes: Uint8Array;
      readonly options: CompileOptions;
      /** For whom, by turns; see `CompileUse`. */
      readonly group: string;
    }
  /** Whoever asked for a load has given it up; it is answered all the same. */
  | { readonly kind: 'give-up-load'; readonly ask: number }
  /** Nothing more is opened of it. */
  | { readonly kind: 'forget'; readonly component: number }
  | {
      readonly kind: 'open';
      readonly ask: number;
      readonly lane: number;
      readonly component: number;
      readonly opening: LaneOpening;
    }
  | { readonly kind: 'prepare'; readonly ask: number; readonly lane: number }
  /** The caller gave the request up; it is answered all the same. */
  | { readonly kind: 'cancel'; readonly request: number }
  | { readonly kind: 'abandon'; readonly lane: number }
  | { readonly kind: 'close-lane'; readonly ask: number; readonly lane: number }
  /** Is it alive? */
  | { readonly kind: 'ping'; readonly ask: number }
  | { readonly kind: 'end' };

/** What is known of a component that the child has compiled. */
export interface ComponentFacts {
  readonly sha256: string;
  readonly contract: ContractMatch;
  readonly summary: ArtifactSummary;
}

/** What the child tells the host. */
export type ChildMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly ask: number; readonly value?: ComponentFacts | PluginMetadata }
  | { readonly kind: 'failure'; readonly ask: number; readonly error: WireError }
  /** A guest said something: during the request, or as it starts or stops, with request 0. */
  | { readonly kind: 'said'; readonly lane: number; readonly request: number; readonly utterance: Utterance }
  /** A thread of the child's was ended because of what a plugin did. */
  | {
      readonly kind: 'terminated';
      readonly lane: number;
      readonly request: number;
      readonly threadId: number;
      readonly code: ErrorCode;
    }
  /** Such a thread does not end. */
  | {
      readonly kind: 'stuck';
      readonly lane: number;
      readonly request: number;
      readonly threadId: number;
      readonly code: ErrorCode;
      readonly sinceMs: number;
      readonly stuck: number;
    }
  | { readonly kind: 'threads'; readonly threads: Threads }
  | { readonly kind: 'counted'; readonly lane: number; readonly counters: Counters };

/** What threads of the child have counted for a lane so far; what a request took comes with its result. */
export type Counters = Readonly<Record<(typeof COUNTERS)[number], number>>;

export const COUNTERS = ['hostCalls', 'cpuMs', 'peakBytes', 'instancesMade', 'liveInstances', 'instructions'] as const;

/** Living threads, by what they are doing. */
export type Threads = Readonly<ThreadCounts>;

export const NO_THREADS: Threads = Object.freeze({ starting: 0, idle: 0, busy: 0, ending: 0, stuck: 0 });

/** The descriptors of a child: the channel, and the notices of what is handed to a thread. */
export const CHANNEL_FD = 3;
export const NOTICES_FD = 4;
/**
 * A notice is a word of 32 bits: the number of a request that is handed to a thread. With this added it was taken back
 * from there before it began.
 */
export const TAKEN_BACK = 0x8000_0000;
/** With the number of requests in the batch added: these follow. Numbers of requests are less. */
export const BATCH_BEGINS = 0x4000_0000;
