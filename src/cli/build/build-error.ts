/** The sources do not build. The message is the compiler's, which may have many lines. */
export class BuildError extends Error {
  override readonly name: string = 'BuildError';
}
