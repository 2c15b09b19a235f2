import { assertRoom, type BucketBounds, type KeyValueStore, notNumber, overflow } from './store.ts';

/**
 * What the store needs of a client of Redis; `ioredis` has it.
 *
 * @example
 * import { Redis } from 'ioredis';
 *
 * const client: RedisClient = new Redis('redis://127.0.0.1:6379');
 */
export interface RedisClient {
  /** Sends a command; texts of the reply are buffers. */
  callBuffer(command: string, ...args: (string | number | Uint8Array)[]): Promise<unknown>;
}

/**
 * A store in Redis or Valkey, which any number of processes and machines share. A bucket is three keys: a hash of its
 * values, a sorted set of its keys, and the number of their bytes; scripts change them together.
 *
 * @param client Of `ioredis`, connected by whoever makes it and closed by him.
 * @param prefix What all its keys begin with.
 * @example
 * import { Redis } from 'ioredis';
 *
 * const client = new Redis('redis://127.0.0.1:6379');
 * const imports = suppliers.keyValue(redisStore(client, 'plugins'));
 * await engine.loadPlugin('shop', 'shop.wasm', { world: 'any', imports });
 */
export function redisStore(client: RedisClient, prefix: string = 'wasm-plugin-pool'): KeyValueStore {
  // The braces keep the keys of a bucket on one node of a cluster.
  const keysOf = (bucket: string): string[] =>
    ['values', 'keys', 'bytes'].map((part) => `${prefix}:{${bucket}}:${part}`);
  const run = async (
    script: string,
    bucket: string,
    bounds: BucketBounds | undefined,
    ...args: (string | Uint8Array)[]
  ): Promise<unknown> => {
    const [keys, bytes] = bounds === undefined ? [0, 0] : [bounds.maxKeys, bounds.maxBytes];
    const reply = await client.callBuffer('EVAL', script, 3, ...keysOf(bucket), keys, bytes, ...args);
    if (Buffer.isBuffer(reply)) refuse(reply.toString(), bounds);
    return reply;
  };
  return {
    async get(bucket, key) {
      const value = await client.callBuffer('HGET', keysOf(bucket)[0]!, key);
      return value === null ? undefined : (value as Uint8Array);
    },
    set: async (bucket, key, value, bounds) => void (await run(SET, bucket, bounds, key, value)),
    delete: async (bucket, key) => void (await run(DELETE, bucket, undefined, key)),
    async keys(bucket, { after, skip = 0, limit }) {
      const from = after === undefined ? '-' : `(${after}`;
      const page = await client.callBuffer('ZRANGEBYLEX', keysOf(bucket)[1]!, from, '+', 'LIMIT', skip, limit);
      return (page as Uint8Array[]).map(String);
    },
    async increment(bucket, key, delta, bounds) {
      const [sum] = (await run(INCREMENT, bucket, bounds, key, String(delta))) as Uint8Array[];
      return BigInt(String(sum));
    },
    swap: async (bucket, key, expected, value, bounds) =>
      (await run(SWAP, bucket, bounds, key, value, expected === undefined ? '0' : '1', expected ?? '')) === 1,
  };
}

/** What the scripts return as a text is why they did nothing. */
function refuse(why: string, bounds: BucketBounds | undefined): void {
  if (why === 'number') throw notNumber();
  if (why === 'overflow') throw overflow();
  if (bounds !== undefined) assertRoom(why === 'keys' ? Infinity : 0, why === 'bytes' ? Infinity : 0, bounds);
}

/** `put(value)` sets the entry, or says which bound it would break. */
const PUT = `
  local values, names, bytes = KEYS[1], KEYS[2], KEYS[3]
  local maxKeys, maxBytes, key = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
  local function put(value)
    local had = redis.call('HEXISTS', values, key)
    if had == 0 and redis.call('HLEN', values) >= maxKeys then return 'keys' end
    local more = #value - redis.call('HSTRLEN', values, key)
    if had == 0 then more = more + #key end
    if tonumber(redis.call('GET', bytes) or '0') + more > maxBytes then return 'bytes' end
    redis.call('HSET', values, key, value)
    redis.call('ZADD', names, 0, key)
    redis.call('INCRBY', bytes, more)
  end`;

const SET = `${PUT}
  return put(ARGV[4]) or 1`;

const SWAP = `${PUT}
  local before = redis.call('HGET', values, key)
  if ARGV[5] == '0' and before then return 0 end
  if ARGV[5] == '1' and before ~= ARGV[6] then return 0 end
  return put(ARGV[4]) or 1`;

/** Redis adds numbers of 64 bits, Lua does not: to a copy, which is then put in the place of the value. */
const INCREMENT = `${PUT}
  local before = redis.call('HGET', values, key) or '0'
  if not string.match(before, '^-?%d+$') or #before > 20 then return 'number' end
  local copy = values .. ':sum'
  redis.call('SET', copy, before)
  local sum = redis.pcall('INCRBY', copy, ARGV[4])
  local text = redis.call('GET', copy)
  redis.call('DEL', copy)
  if type(sum) == 'table' then
    if string.find(sum.err, 'overflow') then return 'overflow' end
    return 'number'
  end
  return put(text) or {text}`;

const DELETE = `
  local values, names, bytes, key = KEYS[1], KEYS[2], KEYS[3], ARGV[3]
  local length = redis.call('HSTRLEN', values, key)
  if redis.call('HDEL', values, key) == 0 then return 0 end
  redis.call('ZREM', names, key)
  redis.call('DECRBY', bytes, length + #key)
  if redis.call('HLEN', values) == 0 then redis.call('DEL', bytes) end
  return 1`;
