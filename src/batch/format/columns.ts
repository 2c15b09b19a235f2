import type { RequestOptions } from '../../contract/values.ts';
import { fieldsOfLetters, type RecordFields, USUAL_NAMES } from '../file/fields.ts';
import { FileRecord } from '../file/record.ts';

/** What the columns of a table are to its records. */
export interface TableForm {
  /** By the names of columns. */
  readonly fields: RecordFields;
  readonly optionColumns: readonly string[] | 'the others';
  /** Options of the rows that bring none. */
  readonly options: RequestOptions;
}

/** A cell; of other types are none, and whoever reads them says so. */
export type Cell = string | number | bigint | boolean | null;

/** What is wrong with a table as a whole: no record of it can be read. */
export class UnusableTable extends Error {}

/** Makes records of the rows of a table. */
export class RowReader {
  readonly #form: TableForm;
  readonly #letters: RecordFields;
  readonly #input: number;
  readonly #id: number;
  readonly #plugin: number;
  readonly #own: readonly number[];
  readonly #others: readonly number[];
  readonly #names: readonly string[];

  /**
   * @param names Of the columns, in their order.
   * @throws {UnusableTable} where a column is missing, or there twice.
   */
  constructor(names: readonly string[], form: TableForm) {
    this.#names = names;
    this.#form = form;
    const { fields, optionColumns } = form;
    this.#letters = fieldsOfLetters(fields, 'csv');
    const needed = (name: string): number => {
      const at = names.indexOf(name);
      if (at !== -1) return at;
      throw new UnusableTable(
        `it has no column \`${name}\`; it has ${names.map((other) => `\`${other}\``).join(', ')}`,
      );
    };
    const seen = new Set<string>();
    const twice = names.find((name) => seen.size === seen.add(name).size);
    if (twice !== undefined) throw new UnusableTable(`it names the column \`${twice}\` twice`);
    const { input, id, idIs, plugin, options } = fields;
    this.#input = needed(input.text);
    this.#id = id === undefined ? -1 : idIs === 'needed' ? needed(id.text) : names.indexOf(id.text);
    this.#plugin = plugin === undefined ? -1 : names.indexOf(plugin.text);
    const taken = new Set([this.#input, this.#id, this.#plugin]);
    this.#others = [...names.keys()].filter((at) => !taken.has(at));
    const own = optionColumns === 'the others' ? this.#others : optionColumns.map(needed);
    this.#own = options === undefined ? [] : own;
  }

  /** The columns that are used, by their places: the others need not be read. */
  get used(): readonly number[] {
    const others = this.#letters.others === 'passed on' ? this.#others : [];
    const used = new Set([this.#input, this.#id, this.#plugin, ...this.#own, ...others]);
    return [...used].filter((at) => at !== -1).sort((a, b) => a - b);
  }

  /** The record of a row. */
  record(line: number, cellAt: (column: number) => Cell): FileRecord {
    const id = this.#id === -1 ? {} : idOf(cellAt(this.#id));
    const refuse = (malformed: string): FileRecord =>
      new FileRecord(line, { ...id, malformed, text: this.#text(cellAt) });
    const input = cellAt(this.#input);
    if (input === null) return refuse(`its column \`${this.#names[this.#input]}\` is null`);
    const plugin = this.#plugin === -1 ? null : cellAt(this.#plugin);
    const options = this.#own.flatMap((at): [string, string][] => {
      const value = cellAt(at);
      return value === null ? [] : [[this.#names[at]!, `${value}`]];
    });
    const fields = {
      plugin: plugin === null || plugin === '' ? undefined : `${plugin}`,
      input: `${input}`,
      options: this.#own.length > 0 ? options : this.#form.options,
    };
    return new FileRecord(line, { ...id, ...fields, ...this.#passedOn({ id: id.id, ...fields }, cellAt) });
  }

  /** The other columns, beside what the record would be as JSON: a dead letter is read as such a one. */
  #passedOn(record: object, cellAt: (column: number) => Cell): Partial<FileRecord> {
    if (this.#letters.others === 'left out') return {};
    const others = this.#others.map((at): [string, unknown] => [this.#names[at]!, toJson(cellAt(at))]);
    const members = [...Object.entries(record), ...besidesOf(others)].filter(([, value]) => value !== undefined);
    return { source: JSON.stringify(Object.fromEntries(members)), paths: this.#letters };
  }

  /** What is used of a row, as JSON. */
  #text(cellAt: (column: number) => Cell): string {
    return JSON.stringify(Object.fromEntries(this.used.map((at) => [this.#names[at]!, toJson(cellAt(at))])));
  }
}

/** An id that is no string is JSON. */
function idOf(cell: Cell): { readonly id?: string; readonly idText?: string } {
  if (typeof cell === 'string') return { id: cell };
  return typeof cell === 'number' && !Number.isFinite(cell) ? { id: `${cell}` } : { idText: `${cell}` };
}

function toJson(cell: Cell): unknown {
  return typeof cell === 'bigint' || (typeof cell === 'number' && !Number.isFinite(cell)) ? `${cell}` : cell;
}

/** Columns that are called as fields of a record are, and are none, are in `own`. */
function besidesOf(columns: readonly (readonly [string, unknown])[]): (readonly [string, unknown])[] {
  const own = columns.filter(([name]) => USUAL_NAMES.has(name) || name === 'own');
  const others = columns.filter((column) => !own.includes(column));
  return own.length === 0 ? others : [...others, ['own', Object.fromEntries(own)]];
}
