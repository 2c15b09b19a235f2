import type { Chunk, ChunkResult } from './chunk.ts';
import { FORGET_SECONDS, type QueueConnection } from './redis.ts';

type Place = Pick<Chunk, 'batch' | 'chunk'>;
/** Arguments of one command. */
const SLICE = 4000;
/** Pieces that are held against those that are there in one go. */
const PIECES = 200;

type Store = Pick<QueueConnection, 'redis' | 'keys'>;

/**
 * Puts results into the hash of a chunk. A script, because it is one command: sent again as a whole where the connection
 * broke, and harmless twice. In slices, because Lua's stack is bounded.
 */
const PUT = `
if redis.call('HGET', KEYS[2], 'state') ~= 'open' then return 0 end
for at = 2, #ARGV, 4000 do
  redis.call('HSET', KEYS[1], unpack(ARGV, at, math.min(at + 3999, #ARGV)))
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1`;

/** The same where the first result of a record is the one that counts. */
const PUT_FIRST = `
if redis.call('HGET', KEYS[2], 'state') ~= 'open' then return 0 end
for at = 2, #ARGV, 2 do redis.call('HSETNX', KEYS[1], ARGV[at], ARGV[at + 1]) end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1`;

/**
 * Puts pieces into the hash of a chunk: a record that has a result keeps it, so that of two workers at one chunk neither undoes
 * what the other has done. A piece that is sent again is the one that is there.
 */
const PUT_PIECES = `
if redis.call('HGET', KEYS[2], 'state') ~= 'open' then return -1 end
local there = {}
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  local from, count = string.match(field, '^(%d+)%+(%d+)$')
  if from then there[#there + 1] = { tonumber(from), tonumber(from) + tonumber(count), field } end
end
local put = 0
for at = 2, #ARGV, 2 do
  local from, count = string.match(ARGV[at], '^(%d+)%+(%d+)$')
  local first, last, free = tonumber(from), tonumber(from) + tonumber(count), true
  for _, range in ipairs(there) do
    if range[3] == ARGV[at] or (first < range[2] and range[1] < last) then free = false end
    if range[3] == ARGV[at] then put = put + last - first end
  end
  if free then
    redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1])
    put = put + last - first
  end
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return put`;

/**
 * Has each record begin once. Only under the run of Redis under which the batch was submitted: another one may have lost
 * what had begun. A command that is sent again finds its own token.
 */
const BEGIN = `
if string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') ~= ARGV[2] then return {} end
local mine = {}
for at = 4, #ARGV do
  local first = redis.call('HSETNX', KEYS[1], ARGV[at], ARGV[3]) == 1
  if first or redis.call('HGET', KEYS[1], ARGV[at]) == ARGV[3] then mine[#mine + 1] = ARGV[at] end
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return mine`;

/** Tells the one who submitted a chunk that it is complete; its lines have no business there any more. */
const FINISH = `
redis.call('DEL', KEYS[3])
if redis.call('HGET', KEYS[2], 'state') ~= 'open' then return end
redis.call('RPUSH', KEYS[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[1])`;

/**
 * Keeps results in Redis.
 *
 * @param results Index and value, in turns.
 * @param wins Which one counts where a record has two.
 * @returns Whether anybody wants them: of a batch that is over nothing is kept.
 */
export async function putResults(
  { redis, keys }: Store,
  { batch, chunk }: Place,
  results: readonly (string | number)[],
  wins: 'first' | 'last',
): Promise<boolean> {
  const script = wins === 'first' ? PUT_FIRST : PUT;
  for (const slice of slicesOf(results)) {
    const places = [keys.results(batch, chunk), keys.batch(batch)] as const;
    if ((await redis.eval(script, 2, ...places, FORGET_SECONDS, ...slice)) === 0) return false;
  }
  return true;
}

/**
 * Keeps pieces in Redis, but for those that have a record which another one there has.
 *
 * @param pieces By their fields.
 * @returns How many records are there now of what was given; undefined when nobody wants them.
 */
export async function putPieces(
  { redis, keys }: Store,
  { batch, chunk }: Place,
  pieces: readonly (readonly [field: string, bytes: Buffer])[],
): Promise<number | undefined> {
  const places = [keys.results(batch, chunk), keys.batch(batch)] as const;
  let put = 0;
  for (const slice of slicesOf(pieces, PIECES)) {
    const count = Number(await redis.eval(PUT_PIECES, 2, ...places, FORGET_SECONDS, ...slice.flat()));
    if (count < 0) return undefined;
    put += count;
  }
  return put;
}

/**
 * Notes that records begin, unless they may have begun before.
 *
 * @param run The run of Redis in which what had begun is known.
 * @param token Of the one who wants to run them.
 * @returns Those that may begin.
 */
export async function beginRecords(
  { redis, keys }: Store,
  { batch, chunk }: Place,
  run: string,
  token: string,
  indexes: readonly number[],
): Promise<ReadonlySet<number>> {
  const key = keys.begun(batch, chunk);
  const mine = new Set<number>();
  for (const slice of slicesOf(indexes)) {
    const begun = (await redis.eval(BEGIN, 1, key, FORGET_SECONDS, run, token, ...slice)) as string[];
    for (const index of begun) mine.add(Number(index));
  }
  return mine;
}

/** Short records come by the hundred thousand, which are more than the arguments of a call may be; pairs stay together. */
function* slicesOf<Item>(items: readonly Item[], most = SLICE): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += most) yield items.slice(at, at + most);
}

/** The run of Redis: another one after each restart, and on each replica. */
export async function runOf({ redis }: Pick<QueueConnection, 'redis'>): Promise<string> {
  return /^run_id:([0-9a-f]+)/m.exec(await redis.info('server'))?.[1] ?? '';
}

/** Tells the one who submitted a chunk that all its results are there. */
export async function finishChunk({ redis, keys }: Store, { batch, chunk }: Place): Promise<void> {
  const places = [keys.finished(batch), keys.batch(batch), keys.lines(batch, chunk)] as const;
  await redis.eval(FINISH, 3, ...places, FORGET_SECONDS, chunk);
}

/** What becomes of a record that may have begun and has no result, where records begin once. */
export const LOST: string = JSON.stringify({
  error: {
    code: 'ERR_WORKER_CRASHED',
    message: 'The worker or Redis was lost while the record may have been running',
    hint: 'It may have had effects. Look at them before you run it again.',
  },
  attempts: 0,
} satisfies ChunkResult);
