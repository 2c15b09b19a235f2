/*
 * How jco, and so this host, shows the names of WIT in JavaScript.
 */

/** `get-random-u64` as `getRandomU64`, which is how jco shows functions and fields. */
export function lowerCamel(label: string): string {
  return label
    .split('-')
    .map((word, index) => (index === 0 ? word.toLowerCase() : capitalised(word)))
    .join('');
}

/** `input-stream` as `InputStream`, which is how jco shows resources. */
export function upperCamel(label: string): string {
  return label.split('-').map(capitalised).join('');
}

function capitalised(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase();
}
