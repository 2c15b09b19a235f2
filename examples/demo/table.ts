/** A table with lines around it: the first column to the left, the others, which are numbers, to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], total: readonly string[]): string {
  const all = [head, ...rows, total];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const line = (left: string, between: string, right: string): string =>
    left + widths.map((width) => '─'.repeat(width + 2)).join(between) + right;
  const text = (row: readonly string[]): string => {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
    );
    return `│ ${cells.join(' │ ')} │`;
  };
  return [
    line('┌', '┬', '┐'),
    text(head),
    line('├', '┼', '┤'),
    ...rows.map(text),
    line('├', '┼', '┤'),
    text(total),
    line('└', '┴', '┘'),
  ].join('\n');
}
