import type { PluginError } from '../../errors.ts';
import type { LaneOpening } from '../../registry/executor.ts';
import type { Lane } from '../../scheduler/lane.ts';
import type { AnswerLength } from './answer-length.ts';
import type { RemoteComponent } from './remote-component.ts';

/** A lane whose requests a child runs, with what it takes to open it in another one. */
export interface HostLane {
  readonly id: number;
  readonly lane: Lane;
  readonly component: RemoteComponent;
  readonly opening: LaneOpening;
  /**
   * `new` until its first instance came up: then it is `kept`, and opened again in each child that replaces one. It is
   * `lost` when child after child died of opening it, and `closed` at the end.
   */
  state: 'new' | 'kept' | 'lost' | 'closed';
  /** Children in a row that died while it was being opened there. */
  deaths: number;
  /** How long its answers are: see {@link AnswerLength}. */
  readonly answers: AnswerLength;
  /** Why it is lost. */
  failure: PluginError | undefined;
}
