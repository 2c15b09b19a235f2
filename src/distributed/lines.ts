import type { Chunk } from './chunk.ts';
import { FORGET_SECONDS, type QueueConnection } from './redis.ts';

type Store = Pick<QueueConnection, 'redis' | 'keys'>;
type Place = Pick<Chunk, 'batch' | 'chunk'>;

/**
 * Puts the lines of a chunk where its worker finds them: before its job, so that Redis never has a job alone. A job carries text in
 * JSON, which costs the one who submits more than all the rest.
 */
export async function putLines({ redis, keys }: Store, { batch, chunk }: Place, bytes: Buffer): Promise<void> {
  await redis.set(keys.lines(batch, chunk), bytes, 'EX', FORGET_SECONDS);
}

/** The lines of a chunk; undefined where nobody has put them there, or somebody has finished the chunk. */
export async function takeLines({ redis, keys }: Store, { batch, chunk }: Place): Promise<Buffer | undefined> {
  return (await redis.getBuffer(keys.lines(batch, chunk))) ?? undefined;
}
