/** Requests per second with a fixed number of callers, each of whom asks again as soon as it is answered. */
export async function closedLoop(callers: number, milliseconds: number, call: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  const end = start + milliseconds;
  let done = 0;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      // The clock is looked at once in 16 requests, or it would be measured too.
      for (let mine = 0; mine % 16 !== 0 || performance.now() < end; mine++) {
        await call();
        done++;
      }
    }),
  );
  return (done / (performance.now() - start)) * 1000;
}
