import type { PluginError } from '../errors.ts';

/** How a session came to its end, as its callers are told. */
export interface Ending {
  readonly message: string;
  readonly hint: string;
  /** The call that cost the instance. */
  readonly cause?: PluginError;
}

const AGAIN = 'Open a new one with `engine.session`.';

export const CLOSED: Ending = { message: 'The session is closed', hint: AGAIN };
export const ENGINE_CLOSED: Ending = {
  message: 'The session has ended: the engine closes',
  hint: 'Close sessions before the engine.',
};
export const UNLOADED: Ending = {
  message: 'The session has ended: its plugin is unloaded',
  hint: 'Close sessions before `unloadPlugin`.',
};
export const REVOKED: Ending = {
  message: 'The session has ended: a grant of its plugin was taken back',
  hint: 'Open a new session; its instance has the grants that the plugin has now.',
};

export function idle(idleMs: number): Ending {
  const message = `The session has ended: nobody called for ${idleMs} ms`;
  return { message, hint: 'Raise `idleMs`, or close sessions that are done.' };
}

export function outlived(maxMs: number): Ending {
  const message = `The session has ended: it was open for ${maxMs} ms`;
  return { message, hint: 'Raise `maxMs`, or do less in one session.' };
}

/** After a call that cost the instance. */
export function lostBy(cause: PluginError): Ending {
  const { code, message, hint = AGAIN } = cause;
  if (code === 'ERR_SESSION_ENDED') return { message, hint };
  return {
    message: `The session has ended: a call in it failed with ${code}, and its instance is gone`,
    hint: `What its resources stood for is lost. ${AGAIN}`,
    cause,
  };
}
