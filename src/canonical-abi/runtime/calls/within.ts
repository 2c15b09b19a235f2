import { PluginError } from '../../../errors.ts';
import { brokenAbi } from '../../glue.ts';

/** A value of the guest's that is none of its type: what is wrong, and the steps that lead there, the last first. */
class BrokenValue extends Error {
  readonly steps: string[] = [];

  constructor(cause: PluginError) {
    super(cause.message, { cause });
  }
}

/** Notes that what is wrong with a value is wrong with a part of another one. */
export function within(step: string, error: unknown): unknown {
  const broken = error instanceof PluginError && error.code === 'ERR_INVALID_RESPONSE' ? new BrokenValue(error) : error;
  if (broken instanceof BrokenValue && step !== '') broken.steps.push(step);
  return broken;
}

/** The error that says where a value is broken. */
export function withPath(error: unknown): unknown {
  if (!(error instanceof BrokenValue)) return error;
  const cause = error.cause as PluginError;
  const path = error.steps
    .reverse()
    .map((step, place) => (place === 0 || step.startsWith('[') ? step : `.${step}`))
    .join('');
  return path === '' ? cause : brokenAbi(`${path}: ${cause.message.replace(PREFIX, '')}`, { cause });
}

const PREFIX = /^The plugin broke the canonical ABI: /;
