import { Cursor, Malformed } from './cursor.ts';

/** The sections that the line table takes its strings from. */
export interface LineSections {
  /** `.debug_line` */
  readonly line: Uint8Array;
  /** `.debug_line_str` */
  readonly lineStrings?: Uint8Array | undefined;
  /** `.debug_str` */
  readonly strings?: Uint8Array | undefined;
}

/** The header of the line-number program of one unit, as far as running the program needs it. */
export interface LineHeader {
  readonly version: number;
  readonly format: 4 | 8;
  readonly minInstructionLength: number;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  /** How many operands the standard opcodes take, so that unknown ones can be stepped over. */
  readonly operandCounts: readonly number[];
  /** Where the names of directories and files are. */
  readonly tables: number;
  /** Where the program begins and ends. */
  readonly program: number;
  readonly end: number;
}

const LONG_FORMAT = 0xffffffff;

/**
 * Reads the header of a unit, and moves the cursor behind the unit.
 *
 * @returns undefined for a unit that this cannot read, of another version or malformed.
 * @throws {Malformed} when it is not even known where the unit ends.
 * @see DWARF Version 5, 6.2.4 "The Line Number Program Header".
 */
export function readHeader(line: Uint8Array, cursor: Cursor): LineHeader | undefined {
  const short = cursor.u32();
  const format = short === LONG_FORMAT ? 8 : 4;
  const length = format === 8 ? cursor.u64() : short;
  const start = cursor.at;
  cursor.skip(length);
  try {
    return readUnit(new Cursor(line, start, start + length), format);
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

function readUnit(unit: Cursor, format: 4 | 8): LineHeader {
  const version = unit.u16();
  if (version < 2 || version > 5) throw new Malformed('a version that is not known');
  // Sizes of addresses and of segment selectors, which extended opcodes state anyway.
  if (version >= 5) unit.skip(2);
  const headerLength = unit.offset(format);
  const program = unit.at + headerLength;
  const minInstructionLength = unit.u8();
  // Operations of one instruction: a word has one.
  if (version >= 4) unit.skip(1);
  unit.skip(1); // whether a row begins a statement by default
  const lineBase = unit.i8();
  const lineRange = unit.u8();
  const opcodeBase = unit.u8();
  if (lineRange === 0 || opcodeBase === 0 || program > unit.end) throw new Malformed('an impossible header');
  const operandCounts = Array.from({ length: opcodeBase - 1 }, () => unit.u8());
  const { at: tables, end } = unit;
  return {
    version,
    format,
    minInstructionLength,
    lineBase,
    lineRange,
    opcodeBase,
    operandCounts,
    tables,
    program,
    end,
  };
}

/** The paths of the files of a unit, by their numbers in its program. */
export function readFiles(sections: LineSections, header: LineHeader): readonly string[] {
  const cursor = new Cursor(sections.line, header.tables, header.program);
  const { directories, files } = header.version >= 5 ? entryTables(cursor, header, sections) : oldTables(cursor);
  return files.map(({ name, directory }) => {
    const folder = directories[directory] ?? '';
    return folder === '' || isAbsolute(name) ? name : `${folder.replace(/[/\\]$/, '')}/${name}`;
  });
}

/** Directories, and files, of one unit; compilers come to hundreds. */
const MAX_ENTRIES = 4096;

interface Tables {
  readonly directories: readonly string[];
  readonly files: readonly { readonly name: string; readonly directory: number }[];
}

/** Versions 2 to 4: lists that an empty name ends. Numbers begin at 1; directory 0 is that of the compilation. */
function oldTables(cursor: Cursor): Tables {
  const directories = [''];
  for (let name = cursor.string(); name !== ''; name = cursor.string()) {
    if (directories.push(name) > MAX_ENTRIES) throw new Malformed('too many directories');
  }
  const files = [{ name: '', directory: 0 }];
  for (let name = cursor.string(); name !== ''; name = cursor.string()) {
    const directory = cursor.uleb();
    cursor.uleb(); // time
    cursor.uleb(); // length
    if (files.push({ name, directory }) > MAX_ENTRIES) throw new Malformed('too many files');
  }
  return { directories, files };
}

const CONTENT_PATH = 1;
const CONTENT_DIRECTORY = 2;

/** Version 5: tables that say themselves what their columns are. Numbers begin at 0. */
function entryTables(cursor: Cursor, header: LineHeader, sections: LineSections): Tables {
  const table = (): { name: string; directory: number }[] => {
    const columns = Array.from({ length: cursor.u8() }, () => ({ content: cursor.uleb(), form: cursor.uleb() }));
    const count = cursor.uleb();
    if (count > MAX_ENTRIES) throw new Malformed('too many entries');
    return Array.from({ length: count }, () => {
      const entry = { name: '', directory: 0 };
      for (const { content, form } of columns) {
        const value = readForm(cursor, form, header.format, sections);
        if (content === CONTENT_PATH && typeof value === 'string') entry.name = value;
        else if (content === CONTENT_DIRECTORY && typeof value === 'number') entry.directory = value;
      }
      return entry;
    });
  };
  const directories = table().map(({ name }) => name);
  // Directories are relative to the first, which is that of the compilation.
  const paths = directories.map((name) =>
    isAbsolute(name) || name === directories[0] ? name : `${directories[0]}/${name}`,
  );
  return { directories: paths, files: table() };
}

/** DWARF Version 5, 7.5.6 "Form Encodings": those that the line table may use. */
function readForm(cursor: Cursor, form: number, format: 4 | 8, sections: LineSections): string | number | undefined {
  switch (form) {
    case 0x08: // string
      return cursor.string();
    case 0x1f: // line_strp
      return stringAt(sections.lineStrings, cursor.offset(format));
    case 0x0e: // strp
      return stringAt(sections.strings, cursor.offset(format));
    case 0x0b: // data1
      return cursor.u8();
    case 0x05: // data2
      return cursor.u16();
    case 0x06: // data4
      return cursor.u32();
    case 0x07: // data8
      cursor.skip(8);
      return undefined;
    case 0x1e: // data16, an MD5
      cursor.skip(16);
      return undefined;
    case 0x0f: // udata
      return cursor.uleb();
    case 0x09: // block
      cursor.skip(cursor.uleb());
      return undefined;
    default:
      throw new Malformed('a form that is not known');
  }
}

function stringAt(section: Uint8Array | undefined, offset: number): string {
  return section === undefined ? '' : new Cursor(section, offset).string();
}

function isAbsolute(path: string): boolean {
  return /^([/\\]|[A-Za-z]:)/.test(path);
}
