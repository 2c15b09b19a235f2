import { cleanLogLine } from '../text/log-line.ts';
import { explain } from './failure.ts';
import type { InspectedItem, InspectedMemory, Inspection } from './inspection.ts';
import { paint } from './output.ts';
import { byteSize, count, printable } from './printable.ts';

/** An inspection for a reader. Everything in it that the plugin chose is made safe to show. */
export function describeInspection(inspection: Inspection): string {
  const { file, bytes, sha256, memories, features, imports, exports } = inspection;
  const rows: [string, string][] = [
    ['file', `${cleanLogLine(file)}, ${count(bytes)} bytes`],
    ['sha-256', sha256],
    ['contract', contractText(inspection)],
    ['binding', bindingText(inspection.binding)],
    ['metadata', metadataText(inspection.metadata)],
    ['memories', memories.length === 0 ? 'none' : memories.map(memoryText).join('\n')],
    ['features', features.length === 0 ? 'WebAssembly 2.0' : `WebAssembly 2.0 and ${features.join(', ')}`],
    ['imports', imports.length === 0 ? 'nothing' : imports.map(itemText).join('\n')],
    ['exports', exports.length === 0 ? 'nothing' : exports.map(itemText).join('\n')],
  ];
  return rows
    .map(([label, text]) => `${paint('bold', label.padEnd(LABEL))}${text.replaceAll('\n', `\n${' '.repeat(LABEL)}`)}\n`)
    .join('');
}

const LABEL = 'metadata  '.length;

function contractText({ contract, standard }: Inspection): string {
  if (!contract.fits && standard !== undefined) return `none; it implements ${standard}`;
  if (!contract.fits) return `${paint('red', 'none')}: ${cleanLogLine(contract.error.message)}`;
  return `${contract.package}, world ${contract.world}`;
}

function bindingText(binding: Inspection['binding']): string {
  switch (binding.kind) {
    case 'direct':
      return 'direct';
    case 'glue':
      return `jco's glue, because ${cleanLogLine(binding.reason)}`;
    case 'refused':
      return `${paint('red', 'none')}: ${cleanLogLine(binding.error.message)}`;
  }
}

function metadataText(metadata: Inspection['metadata']): string {
  switch (metadata.state) {
    case 'given': {
      const { name, version, description } = metadata.value;
      return cleanLogLine(`${name} ${version}${description === '' ? '' : `: ${description}`}`);
    }
    case 'none':
      return 'none';
    case 'failed':
      return `could not be had. ${cleanLogLine(explain(metadata.error))}`;
  }
}

function memoryText({ module, instances, minBytes, maxBytes }: InspectedMemory): string {
  const times = instances === 1 ? '' : `, ${instances} instances`;
  const limit = maxBytes === undefined ? 'no maximum of its own' : `at most ${byteSize(maxBytes)}`;
  return `module ${module}: ${byteSize(minBytes)} at the start, ${limit}${times}`;
}

function itemText({ hash, wit }: InspectedItem): string {
  const [head = '', ...body] = printable(wit).split('\n');
  return [hash === undefined ? head : `${head} ${paint('dim', `// hash ${hash}`)}`, ...body].join('\n');
}
