import type { QueueConnection } from './redis.ts';

/**
 * A token bucket for each tenant, which all workers share, with a second's worth of tokens. A chunk may take more than
 * there are, and the next one waits until that is paid back: chunks are not cut for it. By the clock of Redis.
 */
const TAKE = `
local rate, want = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local state = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = rate
if state[1] then tokens = math.min(rate, tonumber(state[1]) + (now - tonumber(state[2])) * rate / 1000) end
local wait = 0
if tokens > 0 then tokens = tokens - want else wait = math.ceil(-tokens * 1000 / rate) + 1 end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', tostring(now))
redis.call('PEXPIRE', KEYS[1], math.ceil((rate - tokens) * 1000 / rate) + 60000)
return wait`;

/**
 * Takes what a chunk needs of a tenant's rate.
 *
 * @param perSecond Records in a second.
 * @returns Milliseconds to wait before trying again; 0 when it may run.
 */
export async function takeTokens(
  { redis, keys }: Pick<QueueConnection, 'redis' | 'keys'>,
  tenant: string,
  perSecond: number,
  records: number,
): Promise<number> {
  return (await redis.eval(TAKE, 1, keys.rate(tenant), perSecond, records)) as number;
}
