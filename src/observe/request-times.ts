/** The course of one request, in milliseconds of the main thread's `performance.now()`. */
export interface RequestTimes {
  readonly asked: number;
  readonly begun: number;
  readonly ended: number;
}
