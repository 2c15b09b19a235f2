/** Longest log line that leaves a worker, in UTF-16 code units, after escaping (CVE-2025-58160). */
const MAX_LINE = 8192;

/**
 * C0 and C1 controls (line breaks and terminal escapes), DEL, the Unicode line separators and the bidirectional
 * controls: whatever could forge a second line or hide part of one.
 */
const UNSAFE = /[\p{Cc}\u2028\u2029\p{Bidi_Control}]/gu;

/** Nothing of that, and nothing that is not well formed: what nearly every line is, and quickly seen to be. */
const SAFE = /^[\t -~]*$/;

/** A guest's text as one line that cannot forge others: control characters are escaped, then the length is capped. */
export function cleanLogLine(text: string): string {
  if (text.length <= MAX_LINE && SAFE.test(text)) return text;
  // Cut before escaping too: escaping may make text 8 times longer, and a guest chooses how long it is.
  const head = text.length > MAX_LINE ? text.slice(0, MAX_LINE) : text;
  const escaped = head
    .replace(UNSAFE, (char) => (char === '\t' ? '\t' : `\\u{${char.codePointAt(0)?.toString(16)}}`))
    .toWellFormed();
  return escaped.length > MAX_LINE || head.length < text.length ? `${escaped.slice(0, MAX_LINE)}…` : escaped;
}
