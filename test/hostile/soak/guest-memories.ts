/** The least that V8 keeps inaccessible behind a linear memory; nothing else here is followed by so much. */
const LEAST_GUARD = 2 ** 30;

interface Mapping {
  readonly start: number;
  readonly end: number;
  readonly isAccessible: boolean;
  readonly residentKiB: number;
}

/**
 * KiB that linear memories of guests have resident, by what the system says of the mappings of a process: each of them is
 * followed by gigabytes that nobody may touch.
 *
 * @param smaps `/proc/PID/smaps`.
 */
export function guestMemoryKiB(smaps: string): number {
  const mappings = [...mappingsOf(smaps)];
  return mappings.reduce((sum, mapping, index) => {
    const next = mappings[index + 1];
    const isGuarded = next?.start === mapping.end && !next.isAccessible && next.end - next.start >= LEAST_GUARD;
    return sum + (mapping.isAccessible && isGuarded ? mapping.residentKiB : 0);
  }, 0);
}

function* mappingsOf(smaps: string): Generator<Mapping, void, undefined> {
  const blocks = smaps.matchAll(/^([\da-f]+)-([\da-f]+) (\S+)[^\n]*\n(?:(?![\da-f]+-)[^\n]*\n)*?Rss:\s+(\d+) kB/gm);
  for (const [, start, end, rights, resident] of blocks) {
    yield {
      start: Number.parseInt(start!, 16),
      end: Number.parseInt(end!, 16),
      isAccessible: rights !== '---p',
      residentKiB: Number(resident),
    };
  }
}
