/** How candidates are told apart; the colours are legible on white and on black. */
export type ColourOf = (candidate: string) => string;

export const COLOURS: readonly string[] = [
  '#4477dd',
  '#d9701e',
  '#2e9960',
  '#b14ab0',
  '#b08a10',
  '#d0453c',
  '#1a8f9c',
  '#85929e',
  '#7d6ee7',
];

/** Of a picture: small, so that its text is large enough where the picture is as wide as a phone. */
const WIDTH = 520;
const HEIGHT = 300;

/** Where the axes of a plot lie in its picture. */
export const PLOT: Readonly<Record<'left' | 'right' | 'top' | 'bottom', number>> = {
  left: 96,
  right: WIDTH - 14,
  top: 34,
  bottom: HEIGHT - 50,
};

/** A line of a plot, as its legend names it. */
export interface Line {
  readonly name: string;
  readonly colour: string;
  readonly dashed: boolean;
}

/** A colour for each of the candidates, in their order. */
export function colours(candidates: readonly string[]): ColourOf {
  return (candidate) => COLOURS[Math.max(0, candidates.indexOf(candidate)) % COLOURS.length]!;
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A picture with its axes named, and a legend that wraps below it. */
export function plot(along: string, up: string, lines: readonly Line[], parts: readonly string[]): string {
  const middle = (PLOT.left + PLOT.right) / 2;
  const legend = lines.map(
    ({ name, colour, dashed }) =>
      `<li><svg class="key" viewBox="0 0 20 8" aria-hidden="true"><path d="M0 4H20" stroke="${colour}" stroke-width="3"${dashed ? ' stroke-dasharray="5 3"' : ''}/></svg>${escapeHtml(name)}</li>`,
  );
  return `<figure><svg class="plot" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(`${up} by ${along}`)}">
<text x="${middle}" y="${HEIGHT - 8}" text-anchor="middle">${escapeHtml(along)}</text>
<text x="4" y="18">${escapeHtml(up)}</text>
${parts.join('\n')}</svg>
<ul class="legend">${legend.join('')}</ul></figure>`;
}

/** A line of the grid, with what it stands for at the left. */
export function horizontal(y: number, label: string): string {
  return `<path class="grid" d="M${PLOT.left} ${fixed(y)}H${PLOT.right}"/><text x="${PLOT.left - 6}" y="${fixed(y + 5)}" text-anchor="end">${label}</text>`;
}

/** The same, with its label below. */
export function vertical(x: number, label: string): string {
  return `<path class="grid" d="M${fixed(x)} ${PLOT.top}V${PLOT.bottom}"/><text x="${fixed(x)}" y="${PLOT.bottom + 18}" text-anchor="middle">${label}</text>`;
}

/** The next number that is easy to divide by four. */
export function ceiling(value: number): number {
  const unit = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 6, 8, 10].map((factor) => factor * unit).find((one) => one >= value) ?? value;
}

export function fixed(value: number): string {
  return value.toFixed(1);
}
