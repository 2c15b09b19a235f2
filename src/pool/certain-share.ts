/**
 * What counts of the clock in any case where the time of a thread is asked for: one that is in the hands of the system, for a
 * slow disk, works not and sleeps not.
 */
export const CERTAIN_SHARE: number = 1 / 20;
