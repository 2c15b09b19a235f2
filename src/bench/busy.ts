import type { Report } from './report.ts';
import { median } from './statistics.ts';

/** More runnable processes for each core than this before a run, and the run shares its cores. */
const MOST_LOAD = 0.75;
/** A quarter of the turns of a fixed loop may be as slow as this part of the usual one; single ones are as they are. */
const LEAST_SPEED = 0.5;

/**
 * Why the intervals of a run mean nothing: they are made for noise that is the same in all rounds, which other work on the
 * machine is not. Undefined where nothing speaks against them.
 */
export function busyReason({ machine, load }: Pick<Report, 'machine' | 'load'>): string | undefined {
  if (load.before > MOST_LOAD * machine.cores) {
    return `The machine was busy with other things: a load of ${load.before.toFixed(1)} on ${machine.cores} cores before it began`;
  }
  const usual = median(load.calibration);
  const slow = load.calibration.toSorted((a, b) => a - b)[Math.floor(load.calibration.length / 4)];
  if (slow !== undefined && slow < LEAST_SPEED * usual) {
    return `The machine did not run evenly: a quarter of the time at ${Math.round((slow / usual) * 100)} % of its usual speed or less`;
  }
  return undefined;
}

/** The same, with what it means, for a reader. */
export function busyWarning(report: Pick<Report, 'machine' | 'load'>): string | undefined {
  const reason = busyReason(report);
  return reason && `${reason}. Intervals and verdicts are left out; measure again when nothing else runs.`;
}
