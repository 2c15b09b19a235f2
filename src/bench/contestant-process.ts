import { isError } from '../text/is-error.ts';
import type { Entrant, Parameters, Scenario, Setting } from './scenario.ts';

/*
 * The process of one candidate: opens it, and measures a round whenever it is told to. Each has a process of its own, so
 * that memory and CPU time are its own and no candidate is compiled for what another one did.
 */

/** What the harness asks for. */
export type Order =
  | { readonly kind: 'open'; readonly scenario: string; readonly candidate: string; readonly setting: Setting }
  | { readonly kind: 'round'; readonly parameters: Parameters; readonly milliseconds: number }
  | { readonly kind: 'close' };

/** What it is answered. */
export type Answer =
  | { readonly kind: 'done' }
  | { readonly kind: 'round'; readonly values: Readonly<Record<string, number>>; readonly latency?: string }
  | { readonly kind: 'failed'; readonly message: string };

let entrant: Entrant | undefined;

async function obey(order: Order): Promise<Answer> {
  switch (order.kind) {
    case 'open': {
      const { scenario } = (await import(order.scenario)) as { scenario: Scenario };
      entrant = await scenario.open(order.candidate, order.setting);
      return { kind: 'done' };
    }
    case 'round': {
      // What one round leaves behind is not to be collected in the next candidate's time, nor in the next round.
      globalThis.gc?.();
      const { values, latency } = await entrant!.round(order.parameters, order.milliseconds);
      return { kind: 'round', values, ...(latency && { latency: latency.encode() }) };
    }
    case 'close':
      await entrant?.close();
      return { kind: 'done' };
  }
}

function describe(error: unknown): string {
  if (!isError(error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${describe(error.cause)}`;
}

process.on('message', async (order: Order) => {
  let answer: Answer;
  try {
    answer = await obey(order);
  } catch (error) {
    answer = { kind: 'failed', message: describe(error) };
  }
  process.send!(answer, () => {
    // A candidate may leave something open; that it would not end by itself is not what is measured here.
    if (order.kind === 'close') process.exit();
  });
});
// The harness is gone: nobody would end this process.
process.on('disconnect', () => process.exit());
