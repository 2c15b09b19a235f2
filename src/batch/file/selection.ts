import { invalidArgument, wholeNumber } from '../../arguments/arguments.ts';
import { toShare } from './share.ts';

/** Which of the records run. They keep the `index` that they have in the input, so that parts can be put together. */
export interface SelectionOptions {
  /** Records at the beginning that are left out. @default 0 */
  readonly skip?: number;
  /** Records that run at the most: the first of those that the other options choose. @default all */
  readonly limit?: number;
  /** One part of several: `2/8` runs each eighth record, from the second on. Of parts each record is in one. @default all */
  readonly shard?: `${number}/${number}`;
  /** A share of the records, as `1%` or `0.01`, the same ones each time. @default all */
  readonly sample?: number | `${number}%`;
  /** Another one chooses another sample. @default 0 */
  readonly seed?: number;
}

/** The options with nothing left out. */
export interface ResolvedSelection {
  readonly skip: number;
  readonly limit: number;
  readonly shard: { readonly part: number; readonly of: number };
  readonly share: number;
  readonly seed: number;
}

/** What options are called that choose records. */
export const SELECTION_KEYS: readonly (keyof SelectionOptions)[] = ['skip', 'limit', 'shard', 'sample', 'seed'];

const MOST = Number.MAX_SAFE_INTEGER;

/** Checks the options and fills in what they leave out. */
export function resolveSelection({ skip, limit, shard, sample, seed }: SelectionOptions): ResolvedSelection {
  const share = sample === undefined ? 1 : toShare(sample);
  if (share === undefined || share === 0) {
    throw invalidArgument('sample', 'a share above 0, such as `1%` or 0.01', sample);
  }
  return Object.freeze({
    skip: wholeNumber('skip', skip, { min: 0, max: MOST, default: 0 }),
    limit: wholeNumber('limit', limit, { min: 1, max: MOST, default: MOST }),
    shard: resolveShard(shard),
    share,
    seed: wholeNumber('seed', seed, { min: 0, max: 2 ** 32 - 1, default: 0 }),
  });
}

function resolveShard(shard: unknown): ResolvedSelection['shard'] {
  if (shard === undefined) return { part: 1, of: 1 };
  const [, part, of] = (typeof shard === 'string' ? /^(\d{1,6})\/(\d{1,6})$/.exec(shard) : null) ?? [];
  const parts = { part: Number(part), of: Number(of) };
  if (part === undefined || parts.part < 1 || parts.part > parts.of) {
    throw invalidArgument('shard', 'a part of parts, from `1/8` to `8/8`', shard);
  }
  return parts;
}

/** Records of a dry run. */
const DRY_RUN = 1000;

/** Records that a dry run has at the most; undefined where the run is a real one. */
export function resolveDryRun(given: unknown): number | undefined {
  if (given === undefined || given === false) return undefined;
  if (given === true) return DRY_RUN;
  return wholeNumber('dryRun', given, { min: 1, max: Number.MAX_SAFE_INTEGER, default: DRY_RUN });
}

/** Whether the records that run follow each other. */
export function isStretch({ shard, share }: ResolvedSelection): boolean {
  return shard.of === 1 && share === 1;
}

/** Chooses among records in their order. */
export class Selection {
  readonly #options: ResolvedSelection;
  readonly #below: number;
  #taken = 0;

  constructor(options: ResolvedSelection) {
    this.#options = options;
    this.#below = options.share * 2 ** 32;
  }

  /** Whether all that were to be chosen are. */
  get isOver(): boolean {
    return this.#taken >= this.#options.limit;
  }

  /** Asked of each record once. */
  takes(index: number): boolean {
    const { skip, shard, share, seed } = this.#options;
    if (index < skip || this.isOver) return false;
    if (index % shard.of !== shard.part - 1) return false;
    if (share < 1 && hash(index, seed) >= this.#below) return false;
    this.#taken++;
    return true;
  }
}

/** 32 bits that look like chance: the last step of MurmurHash3, twice. */
function hash(index: number, seed: number): number {
  return mixed(mixed((index % 2 ** 32) ^ seed) ^ mixed(Math.floor(index / 2 ** 32) + 0x9e3779b9)) >>> 0;
}

function mixed(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
