import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { ROOT } from './blocks.ts';

/** A row of the table of rooms: a folder or file, and the rooms that it says it imports from. */
interface Room {
  readonly path: string;
  readonly from: ReadonlySet<string>;
}

/** What any room may use, so that the table does not say it each time. */
const OPEN_TO_ALL: ReadonlySet<string> = new Set(['src/text', 'src/errors.ts', 'src/arguments']);

/** Every statement that makes a file depend on another one, `import type` included. */
const IMPORTS =
  /^(?:import|export)\b[^;'"]*?\bfrom\s+'(\.[^']+)'|^import\s+'(\.[^']+)'|\bimport\(\s*'(\.[^']+)'\s*\)/gm;

const read = (path: string): Promise<string> => readFile(new URL(path, ROOT), 'utf8');

/** The files of the house, each with those that it imports. */
async function readImports(): Promise<Map<string, string[]>> {
  const files = globSync('{src,workers}/**/*.ts', { cwd: fileURLToPath(ROOT) });
  const entries = files.map(async (file): Promise<[string, string[]]> => {
    const targets = [...(await read(file)).matchAll(IMPORTS)].map(([, a, b, c]) => a ?? b ?? c!);
    return [file, targets.map((target) => posix.join(posix.dirname(file), target))];
  });
  return new Map(await Promise.all(entries));
}

async function readRooms(): Promise<Room[]> {
  const page = await read('docs/architecture.md');
  const [, table] = /^## Rooms$.*?^\| -[^\n]*\n(.*?)\n\n/ms.exec(page)!;
  return table!.split('\n').map((row) => {
    const [, path, , from] = row.split('|').map((cell) => cell.trim());
    const names = [...from!.matchAll(/`([^`]+)`/g)].map(([, name]) => `src/${name}`);
    return { path: path!.replaceAll('`', ''), from: new Set(names) };
  });
}

/** The innermost room that a file is in. */
function roomOf(file: string, rooms: readonly Room[]): string | undefined {
  return rooms
    .map(({ path }) => path)
    .filter((path) => file === path || file.startsWith(`${path}/`))
    .toSorted((one, other) => other.length - one.length)[0];
}

/** The first circle of imports, as the files along it; undefined when there is none. */
function findCircle(imports: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] | undefined => {
    const seen = path.indexOf(file);
    if (seen >= 0) return [...path.slice(seen), file];
    if (done.has(file)) return undefined;
    for (const target of imports.get(file) ?? []) {
      const circle = visit(target, [...path, file]);
      if (circle !== undefined) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of imports.keys()) {
    const circle = visit(file, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

describe('the rooms of docs/architecture.md', () => {
  let imports: Map<string, string[]>;
  let rooms: Room[];

  before(async () => {
    imports = await readImports();
    rooms = await readRooms();
  });

  it('hold every file, and each import leads to one', () => {
    expect([...imports.keys()].filter((file) => roomOf(file, rooms) === undefined)).to.deep.equal([]);
    const unknown = [...imports].flatMap(([file, targets]) =>
      targets.filter((target) => !imports.has(target)).map((target) => `${file} imports ${target}`),
    );
    expect(unknown).to.deep.equal([]);
  });

  it('import from each other what the table says, and nothing else', () => {
    const arrows = new Set<string>();
    for (const [file, targets] of imports) {
      for (const target of targets) {
        const [from, to] = [roomOf(file, rooms), roomOf(target, rooms)];
        if (from !== to) arrows.add(`${from} imports from ${to}`);
      }
    }
    const told = new Set(rooms.flatMap(({ path, from }) => [...from].map((to) => `${path} imports from ${to}`)));
    const untold = [...arrows].filter((arrow) => {
      const [from, to] = arrow.split(' imports from ') as [string, string];
      const isGuest = from === 'src/guest';
      return !told.has(arrow) && (isGuest || !OPEN_TO_ALL.has(to));
    });
    expect(untold, 'arrows that the table does not have').to.deep.equal([]);
    expect(
      [...told].filter((arrow) => !arrows.has(arrow)),
      'arrows that only the table has',
    ).to.deep.equal([]);
  });

  it('stand below those that they import from', () => {
    const places = new Map(rooms.map(({ path }, place) => [path, place]));
    const upwards = rooms.flatMap(({ path, from }) =>
      [...from].filter((to) => !(places.get(to)! < places.get(path)!)).map((to) => `${path} imports from ${to}`),
    );
    expect(upwards).to.deep.equal([]);
  });

  it('have no two files that import each other, directly or not', () => {
    expect(findCircle(imports)?.join(' → ')).to.equal(undefined);
  });
});
