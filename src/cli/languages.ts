/** The languages that `new` has a template for. */
export const LANGUAGES = ['rust', 'go', 'c', 'javascript', 'typescript', 'assemblyscript', 'python'] as const;

/** One of {@link LANGUAGES}. */
export type Language = (typeof LANGUAGES)[number];

/** How a language is written. */
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = {
  rust: 'Rust',
  go: 'Go',
  c: 'C',
  javascript: 'JavaScript',
  typescript: 'TypeScript',
  assemblyscript: 'AssemblyScript',
  python: 'Python',
};
