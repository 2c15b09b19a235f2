/**
 * A title as it goes into a URL: words in lower case, with a separator between them. Letters of other scripts stay as
 * they are. Empty when the title has no letter or digit.
 */
export function slug(title: string, separator: string): string {
  let made = '';
  let inWord = false;
  for (let i = 0; i < title.length; i++) {
    const code = title.charCodeAt(i);
    if (!isPartOfWord(code)) {
      inWord = false;
      continue;
    }
    if (!inWord && made.length > 0) made += separator;
    inWord = true;
    made += String.fromCharCode(code >= 0x41 && code <= 0x5a ? code + 0x20 : code);
  }
  return made;
}

function isPartOfWord(code: i32): bool {
  return (
    code >= 0x80 || (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)
  );
}
