import { PluginError } from '../../errors.ts';

/** What V8's compilers take memory and time for, and how much of it is compiled at the most. */
export interface Bound {
  /** As `limit.name` of the error has it. */
  readonly name: string;
  /** What is counted, to follow its number. */
  readonly what: string;
  readonly most: number;
  /**
   * The most that any of the programs in `docs/limits.md` has, which `npm run measure` counts. A bound is four times as
   * high at least, so that it refuses no real software.
   */
  readonly seen: number;
}

/**
 * Of one function: V8 compiles a function as a whole, without looking whether it should stop, and takes what it takes.
 * The bytes of a function (7,654,321), its locals (50,000) and the parameters of a type (1,000) have V8's own bounds.
 */
export const FUNCTION_BOUNDS: Readonly<
  Record<'slots' | 'loopSlots' | 'loopBytes' | 'edges' | 'nesting' | 'tableEntries' | 'values' | 'references', Bound>
> = {
  /**
   * Liftoff keeps 12 bytes of each local for each label, and looks at each for each branch; TurboFan keeps 8 bytes for
   * each branch, and 300 where it makes a phi of it. 49,000 locals and 1,000 blocks, 12 KB of code, are 0.6 GB for
   * Liftoff; with 300,000 branches compiling takes minutes.
   */
  slots: bound('functionBranchSlots', 'locals and operands at its branches', 100_000_000, 21_512_131),
  /** TurboFan makes a phi of each, of up to 1,000 bytes: 20,000 locals in 1,000 loops grew the process by 1.3 GB. */
  loopSlots: bound('functionLoopSlots', 'locals that its loops write', 80_000, 17_627),
  /** V8 reads each loop before it compiles it, and so the innermost of 1,000 a thousand times. */
  loopBytes: bound('functionLoopBytes', 'bytes in its loops, each counted by itself', 8_388_608, 1_289_177),
  edges: bound('functionBranches', 'blocks and branches', 500_000, 117_152),
  nesting: bound('functionNesting', 'blocks within each other', 16_384, 3_290),
  /** 0.8 KB each in TurboFan. */
  tableEntries: bound('functionTableEntries', 'entries of branch tables', 131_072, 26_653),
  /** A call of 2 bytes may give 1,000 values, of 430 bytes each in TurboFan. */
  values: bound('functionCallValues', 'values that its calls and blocks take and give', 4_194_304, 1_024_378),
  /**
   * At each call V8 notes where the references are: 18 bytes each in TurboFan, two bits and 2 ns in Liftoff. 4,000 of them
   * and 10,000 calls, 29 KB of code, are 0.7 GB for TurboFan; 40,000 and 10,000, 200 KB, are 0.1 GB for Liftoff.
   */
  references: bound('functionReferences', 'references that may be there at its calls', 4_194_304, 16_912),
};

/** What is counted over the code of all core modules of a component. */
export type CountedInCode = 'locals' | 'values' | 'outer';

/**
 * Of all functions of a component together: V8 validates them before it runs any, and what follows takes it longer than
 * the bytes say. Components of 3 MB took up to 30 s of CPU time, on threads that are on nobody's account.
 */
export const CODE_BOUNDS: Readonly<Record<CountedInCode, Bound>> = {
  /** 1 ns each, and 12 bytes of code for a function with all that it may have: 40,000 such functions, 320 KB, took 2 s. */
  locals: bound('componentLocals', 'locals', 16_777_216, 419_071),
  /** Up to 14 ns each: 500 functions with 2,000 blocks that take and give 1,000 values, 3 MB, took 7 to 14 s. */
  values: bound('componentValues', 'values that calls, blocks and branches take and give', 33_554_432, 4_029_501),
  /** 0.5 to 1 ns each: 500,000 `delegate`s within 16,000 blocks, 2.2 MB, took 7.5 s. */
  outer: bound('componentOuterBlocks', 'blocks around branch tables and `delegate`s', 16_777_216, 827_069),
};

/** What is counted over all core modules of a component. */
export type Counted =
  | 'modules'
  | 'functions'
  | 'types'
  | 'imports'
  | 'exports'
  | 'globals'
  | 'tables'
  | 'elements'
  | 'data'
  | 'memories'
  | 'tags'
  | 'tagValues';

/** Of the core modules of a component together. */
export const COMPONENT_BOUNDS: Readonly<Record<Counted, Bound>> = {
  /** Loading takes time for each module, however small: 20,000 empty ones, of 205 KB, held up all other loads for 60 s. */
  modules: bound('componentModules', 'core modules', 512, 14),
  functions: bound('componentFunctions', 'functions', 400_000, 82_541),
  /** V8 keeps every type that differs from all others for as long as the process lives; see `process-books.ts`. */
  types: bound('componentTypes', 'core types', 8_192, 1_255),
  imports: bound('componentCoreImports', 'imports of core modules', 16_384, 2_257),
  exports: bound('componentCoreExports', 'exports of core modules', 320_000, 75_111),
  /** Of a module once for each of its instances: each takes up to 16 bytes there, which no memory limit sees. */
  globals: bound('componentGlobals', 'globals', 131_072, 30_718),
  tables: bound('componentTables', 'tables', 256, 3),
  elements: bound('componentElementSegments', 'segments of elements', 16_384, 8),
  data: bound('componentDataSegments', 'segments of data', 400_000, 98_450),
  /** Each reserves 10 GiB of addresses in each instance, whatever its size, of the 128 TiB that a process has. */
  memories: bound('instanceMemories', 'memories in one instance', 64, 2),
  /** Of a module once for each of its instances, as globals. */
  tags: bound('componentTags', 'tags of exceptions', 1_024, 2),
  /** An exception lives in the heap of V8, with 32 bytes for each value that it carries, and a deep stack may hold many. */
  tagValues: bound('componentTagValues', 'values that its exceptions carry', 64, 2),
};

function bound(name: string, what: string, most: number, seen: number): Bound {
  return { name, what, most, seen };
}

/**
 * @param whose To precede "has".
 * @throws {PluginError} `ERR_COMPONENT_TOO_COMPLEX`
 */
export function assertWithin({ name, what, most }: Bound, value: number, whose: string): void {
  if (value <= most) return;
  throw new PluginError(
    'ERR_COMPONENT_TOO_COMPLEX',
    `Compiling the component could take more than the process has: ${whose} has ${value} ${what}; ${most} are the most`,
    {
      hint: 'Build it with optimisation, and split what is generated into smaller functions and modules.',
      limit: { name, value: most },
    },
  );
}
