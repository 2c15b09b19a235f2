/** Knows nothing of components, so that Node can test it. */

/**
 * A title as it goes into a URL: words in lower case, with a separator between them. Letters of other scripts stay as
 * they are. Empty when the title has no letter or digit.
 */
export function slug(title: string, separator: string): string {
  const words = title.match(/[A-Za-z0-9\u0080-\uffff]+/g) ?? [];
  return words.map((word) => word.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase())).join(separator);
}
