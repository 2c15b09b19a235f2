import { FORM } from './chunk.ts';
import { FORGET_SECONDS, type QueueConnection } from './redis.ts';

/** What Redis knows of a batch while there is work of it: a worker drops what belongs to none. */
export type RegisteredState = 'open' | 'cancelled';

/** How far a batch is, as the one who submits it says. */
export interface RegisteredCounts {
  readonly read: number;
  readonly succeeded: number;
  readonly refused: number;
  readonly failed: number;
}

type Store = Pick<QueueConnection, 'redis' | 'keys'>;

const OPEN = `
redis.call('HSET', KEYS[1], 'state', 'open', 'tenant', ARGV[3], 'form', ARGV[4], 'seen', redis.call('TIME')[1])
redis.call('HSETNX', KEYS[1], 'since', redis.call('TIME')[1])
redis.call('EXPIRE', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[2], redis.call('TIME')[1], ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[1])`;

/** Of what Redis has lost it says nothing: whoever submits opens it again. */
const NOTE = `
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'open' then return state end
redis.call('HSET', KEYS[1], 'seen', redis.call('TIME')[1], unpack(ARGV, 2))
redis.call('EXPIRE', KEYS[1], ARGV[1])
redis.call('EXPIRE', KEYS[2], ARGV[1])
return state`;

/** A component goes with the last batch that uses it. */
const END = `
if tonumber(ARGV[2]) > 0 then
  redis.call('HSET', KEYS[1], 'state', 'done', unpack(ARGV, 3))
  redis.call('EXPIRE', KEYS[1], ARGV[2])
else
  redis.call('DEL', KEYS[1])
  redis.call('ZREM', KEYS[2], ARGV[1])
end
for at = 3, #KEYS, 2 do
  redis.call('SREM', KEYS[at + 1], ARGV[1])
  if redis.call('SCARD', KEYS[at + 1]) == 0 then redis.call('DEL', KEYS[at]) end
end`;

/** Makes a batch known, or known again. */
export async function openBatch({ redis, keys }: Store, batch: string, tenant: string): Promise<void> {
  await redis.eval(OPEN, 2, keys.batch(batch), keys.batches, FORGET_SECONDS, batch, tenant, FORM);
}

/** Says how far a batch is, and that somebody collects it. @returns What others want of it; undefined where it is not known. */
export async function noteBatch(
  { redis, keys }: Store,
  batch: string,
  counts: RegisteredCounts,
): Promise<RegisteredState | undefined> {
  const fields = Object.entries(counts).flat();
  const state = await redis.eval(NOTE, 2, keys.batch(batch), keys.batches, FORGET_SECONDS, ...fields);
  return (state as RegisteredState | null) ?? undefined;
}

/** Whether there is still somebody who wants the work of a batch. */
export async function isOpen({ redis, keys }: Store, batch: string): Promise<boolean> {
  return (await redis.hget(keys.batch(batch), 'state')) === 'open';
}

/**
 * Has Redis forget a batch and the components that no other one uses.
 *
 * @param keepSeconds For how long it still knows how the batch ended.
 */
export async function endBatch(
  { redis, keys }: Store,
  batch: string,
  counts: RegisteredCounts,
  components: readonly string[],
  keepSeconds: number,
): Promise<void> {
  const used = components.flatMap((sha256) => [keys.component(sha256), keys.users(sha256)]);
  const all = [keys.batch(batch), keys.batches, ...used];
  await redis.eval(END, all.length, ...all, batch, keepSeconds, ...Object.entries(counts).flat());
}
