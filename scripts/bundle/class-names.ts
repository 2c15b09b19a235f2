/**
 * esbuild calls a class `_PluginError` that mentions itself, and so would Node where it prints an error or a stack. Within the
 * class its own name stands for it as well.
 */
export function withClassNames(bundle: string): string {
  let text = bundle;
  for (const [, name] of bundle.matchAll(/\bvar (\w+) = class _\1\b/g)) {
    text = text.replaceAll(new RegExp(`\\b_${name}\\b`, 'g'), name!);
  }
  return text;
}
