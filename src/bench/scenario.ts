import type { LatencyHistogram } from './latency-histogram.ts';

/** What a scenario measures. */
export interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
}

/** How much is measured: a look, what a change is judged by, or everything. */
export type Effort = 'quick' | 'default' | 'full';

/** What sets one measurement of a scenario apart from the others. */
export type Parameters = Readonly<Record<string, number | string>>;

/** One comparison: the candidates do the same in turns. */
export interface Case {
  /** Unique in its scenario; how `--compare` finds it again. */
  readonly name: string;
  readonly parameters: Parameters;
  /** The first one is what the others are compared with. */
  readonly candidates: readonly string[];
  /** How long a round is. @default that of the effort */
  readonly roundMs?: number;
}

/** Numbers of one round by the metric's name; those that could not be had are left out. */
export interface Round {
  readonly values: Readonly<Record<string, number>>;
  readonly latency?: LatencyHistogram;
}

/** One candidate, in a process of its own, ready to be measured. */
export interface Entrant {
  round(parameters: Parameters, milliseconds: number): Promise<Round>;
  close(): Promise<void>;
}

/** Where a scenario finds what it needs. All of it can be sent to another process. */
export interface Setting {
  /** The component that is measured: its path. */
  readonly component: string;
  /** What it is asked, where the scenario does not say. */
  readonly request: { readonly input: string; readonly options: readonly (readonly [string, string])[] };
  /** What that has to be answered, if it is known: who answers something else does other work, and is not measured. */
  readonly answer?: string;
  /** Configuration and policy that it is loaded with. */
  readonly config: Readonly<Record<string, string>>;
  readonly sandbox: string | object;
  /** What the plugin imports, and the modules that supply it. @default none */
  readonly imports?: Readonly<Record<string, string>>;
  /** Worker threads for every candidate that has threads. */
  readonly threads: number;
  /** The URLs of the modules of candidates, by their names; each exports `open` (`OpenCandidate`). */
  readonly candidates: Readonly<Record<string, string>>;
}

/** A question, and how it is answered. The module that holds it exports it as `scenario`. */
export interface Scenario {
  readonly name: string;
  /** What the numbers answer, in one sentence. */
  readonly question: string;
  /** The first one decides which candidate wins. */
  readonly metrics: readonly Metric[];
  /** The URL of its module: `import.meta.url`. */
  readonly module: string;
  cases(effort: Effort, candidates: readonly string[]): readonly Case[];
  /** Runs in the candidate's process. */
  open(candidate: string, setting: Setting): Promise<Entrant>;
}

/** What a candidate answers with: the output, or what has it. */
type Reply = string | { readonly output: string };

/** Something that answers requests. */
export interface Candidate {
  process(input: string): Reply | Promise<Reply>;
  /** CPU time of processes other than this one, in microseconds. */
  otherCpu?(): number;
  /** Memory of processes other than this one, in bytes. */
  otherMemory?(): number;
  close(): Promise<void>;
}

/** Makes a candidate that can answer at once. */
type OpenCandidate = (setting: Setting) => Promise<Candidate>;

/**
 * Loads and opens a candidate by its name.
 *
 * @throws {Error} also when it does not do the same work as the others.
 */
export async function openCandidate(name: string, setting: Setting): Promise<Candidate> {
  const { open } = (await import(setting.candidates[name]!)) as { open: OpenCandidate };
  const candidate = await open(setting);
  const reply = await candidate.process(setting.request.input);
  const answer = typeof reply === 'string' ? reply : reply.output;
  if (setting.answer !== undefined && answer !== setting.answer) {
    await candidate.close();
    throw new Error(`Expected the answer \`${setting.answer}\`, got \`${answer}\``);
  }
  return candidate;
}
