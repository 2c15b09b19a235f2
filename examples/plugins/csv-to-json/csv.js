/** Text that is no CSV by RFC 4180, with the line (from 1) where that shows. */
export class CsvError extends Error {
  constructor(line, problem) {
    super(`line ${line}: ${problem}`);
    this.line = line;
  }
}

/**
 * The records of CSV text by RFC 4180, each with the line on which it begins. Lines may end in CRLF, LF or CR; empty
 * lines between records are passed over, and so is a byte order mark.
 */
function* readRecords(text, delimiter) {
  const plain = new RegExp(`[^${delimiter.replace(/[\\\]^-]/, '\\$&')}"\r\n]*`, 'uy');
  let at = text.startsWith('\ufeff') ? 1 : 0;
  let line = 1;
  while (at < text.length) {
    const record = { line, fields: [] };
    let quoted = false;
    for (;;) {
      quoted = text[at] === '"';
      let field;
      if (quoted) {
        ({ field, at } = readQuoted(text, at, line));
        line += field.match(/\r\n|\r|\n/g)?.length ?? 0;
      } else {
        plain.lastIndex = at;
        [field] = plain.exec(text);
        at += field.length;
      }
      record.fields.push(field);
      if (!text.startsWith(delimiter, at)) break;
      at += delimiter.length;
    }
    if (at < text.length && text[at] !== '\r' && text[at] !== '\n') {
      throw new CsvError(line, quoted ? 'text follows a closing quote' : 'a quote stands inside an unquoted field');
    }
    at += text.startsWith('\r\n', at) ? 2 : 1;
    line++;
    if (record.fields.length > 1 || record.fields[0] !== '' || quoted) yield record;
  }
}

/** A quoted field, and where it ends. Two quotes inside it stand for one. */
function readQuoted(text, begin, line) {
  let field = '';
  for (let at = begin + 1; ; ) {
    const quote = text.indexOf('"', at);
    if (quote === -1) throw new CsvError(line, 'a quoted field begins here and is never closed');
    field += text.slice(at, quote);
    if (text[quote + 1] !== '"') return { field, at: quote + 1 };
    field += '"';
    at = quote + 2;
  }
}

/**
 * CSV text as a JSON array: of objects named by the first record, or of arrays when there is no header.
 *
 * @throws {CsvError} when the text is no CSV, records differ in length or a column's name occurs twice.
 */
export function csvToJson(text, { delimiter = ',', header = true } = {}) {
  const rows = [];
  let keys;
  let width;
  for (const { line, fields } of readRecords(text, delimiter)) {
    width ??= fields.length;
    if (fields.length !== width) {
      throw new CsvError(line, `${count(fields.length)} where the first record has ${count(width)}`);
    }
    const values = fields.map((field) => JSON.stringify(field));
    if (!header) {
      rows.push(`[${values.join(',')}]`);
    } else if (keys === undefined) {
      const twice = fields.find((name, index) => fields.indexOf(name) !== index);
      if (twice !== undefined) throw new CsvError(line, `two columns are called ${JSON.stringify(twice)}`);
      keys = values;
    } else {
      // As text: an object would put columns called `2` and `1` into numeric order, and `__proto__` is no key of it.
      rows.push(`{${values.map((value, index) => `${keys[index]}:${value}`).join(',')}}`);
    }
  }
  return `[${rows.join(',')}]`;
}

function count(fields) {
  return fields === 1 ? '1 field' : `${fields} fields`;
}
