/** Whether a path is that of something elsewhere. */
export function isRemote(path: string): boolean {
  return /^(?:https?|s3):\/\//i.test(path);
}

/** A URL without what may be a secret: who asks, and what a signed one has behind its question mark. */
export function shownUrl(url: string): string {
  return url.replace(/^([a-z0-9]+:\/\/)[^/?#]*@/i, '$1').replace(/[?#].*$/s, '');
}
