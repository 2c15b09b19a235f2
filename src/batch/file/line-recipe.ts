import type { LineRecipe } from '../../block/source.ts';
import type { ResolvedFileBatchOptions } from './options.ts';

/** Recipes that are told apart by what they say; workers that know one are not told again. */
const MOST = 64;
const numbers = new Map<string, number>();
let last = 0;

/** A recipe with the number under which workers know it. */
export function numbered(recipe: Omit<LineRecipe, 'id'>): LineRecipe {
  const { kind, output, letters, plugin, file, options } = recipe;
  const key = JSON.stringify([kind, output, letters, plugin, file ?? null, options]);
  const id = numbers.get(key) ?? ++last;
  numbers.delete(key);
  numbers.set(key, id);
  const [oldest] = numbers.keys();
  if (numbers.size > MOST) numbers.delete(oldest!);
  return { ...recipe, id };
}

/** How lines are read and their results written, as the options of a batch say. */
export function lineRecipe({
  batch,
  output,
  deadLetter,
  options,
}: Pick<ResolvedFileBatchOptions, 'batch' | 'output' | 'deadLetter' | 'options'>): Omit<
  LineRecipe,
  'id' | 'kind' | 'file'
> {
  const letters = deadLetter === undefined ? 'no' : 'yes';
  return { output: output.format, letters, plugin: batch.plugin ?? '', options };
}
