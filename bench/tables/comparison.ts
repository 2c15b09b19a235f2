import { table } from '../../src/bench/markdown.ts';
import type { Report } from '../../src/bench/report.ts';
import { medianOf } from './measured.ts';

/*
 * Four ways to run plugins, by what sets them apart. Numbers come from a report; whatever else is claimed names the test
 * or the code of the peer that shows it.
 */

/** The columns: what they are called, and the candidate that is measured. */
const COLUMNS = [
  ['WebAssembly plugin', 'engine'],
  ['dynamic library', 'shared library'],
  ['Lua', 'Lua'],
  ['RPC plugin', 'gRPC'],
] as const;

type Cells = readonly [wasm: string, library: string, lua: string, rpc: string];

/** A link to a file of the project, as seen from `docs/`. */
const see = (text: string, path: string): string => `[${text}](../${path})`;
const peer = (text: string, file: string): string => see(text, `bench/peers/optional/${file}`);
const faults = (text: string): string => see(text, 'test/bench/peers.test.ts');

export function comparisonTable(report: Report): string {
  const value = (scenario: string, name: string, metric: string, candidate: string): string =>
    medianOf(report, { scenario, case: name, metric }, candidate);
  const languages = (name: string): string => value('languages', 'ROT13 of 1024 B', 'CPU per request', name);
  const rows: readonly (readonly [string, ...Cells])[] = [
    [
      'isolation',
      `reaches what its ${see('policy grants', 'test/host/policy/grants.test.ts')} and nothing else`,
      `none: it is in the ${peer('process', 'shared-library.ts')}, with all its rights`,
      `reaches what is put into ${peer('its VM', 'lua.ts')}, in the caller's thread`,
      `${peer('another process', 'grpc.ts')}, with the rights that its user has`,
    ],
    [
      'languages',
      `${see('six measured', 'bench/work/languages.ts')}; 1 KiB of ROT13 takes ${languages('WAT')} in WAT, ${languages('AssemblyScript')} in AssemblyScript, ${languages('JavaScript')} in JavaScript`,
      `what has the ${peer('ABI of C', 'rot13.c')}`,
      peer('Lua', 'lua.ts'),
      `what has ${peer('gRPC', 'plugin.proto')}`,
    ],
    ['overhead', ...columns((candidate) => overhead(report, candidate))],
    [
      'memory safety',
      `a bad pointer is ${see('a trap', 'test/engine/invariant-07-drops-instance.test.ts')}, and costs one instance`,
      `a bad pointer ${faults('ends the process')}`,
      `that of the VM: ${faults('an error')}`,
      `a fault ${faults('ends the service')}, and the caller gets an error`,
    ],
    [
      'contract',
      `WIT, ${see('checked', 'test/contract/match.test.ts')} when it is loaded`,
      `a declaration in ${peer('the host', 'shared-library.ts')}, which nothing checks`,
      `${peer('a function by its name', 'lua.ts')}`,
      `${peer('protobuf', 'plugin.proto')}, checked message by message`,
    ],
    [
      'hot reload',
      `${see('no request is lost', 'test/engine/invariant-12-reload.test.ts')}: ${value('reload-under-load', '1000', 'failed', 'reloading')} failed; p99 ${value('reload-under-load', '1000', 'p99', 'reloading')}, and ${value('reload-under-load', '1000', 'p99', 'steady')} without reloads`,
      `the ${peer('host', 'shared-library.ts')} has to know that nobody is in it`,
      `${peer('another VM', 'lua.ts')}; the host routes`,
      `${peer('another process', 'grpc.ts')}; the host drains and routes`,
    ],
    [
      'debugging',
      `a trap names ${see('the line of the source', 'test/dwarf/source-locations.test.ts')}`,
      `a fault ${faults('takes the process along')}: a native debugger or a core file`,
      `an error names ${faults('the line of the script')}`,
      `what there is for a process of ${peer('its language', 'grpc-server.ts')}`,
    ],
    [
      'resource control',
      `${see('CPU time, memory, output and host calls', 'test/engine/invariant-08-limits.test.ts')} of each call; beside endless requests p99 is ${value('kill-recovery', '500', 'p99', 'beside endless requests')}, and ${value('kill-recovery', '500', 'p99', 'alone')} alone`,
      `none: an endless call ${faults('stops the caller')}`,
      `none here: an endless call ${faults('stops the caller')}`,
      `that of the system, for the ${peer('whole process', 'grpc.ts')}`,
    ],
  ];
  return table(['', ...COLUMNS.map(([title]) => title)], rows);
}

function columns(cell: (candidate: string) => string): Cells {
  const [wasm, library, lua, rpc] = COLUMNS;
  return [cell(wasm[1]), cell(library[1]), cell(lua[1]), cell(rpc[1])];
}

function overhead(report: Report, candidate: string): string {
  const throughput = (metric: string): string =>
    medianOf(report, { scenario: 'throughput', case: '16 B, 64 callers', metric }, candidate);
  const p50 = medianOf(report, { scenario: 'latency', case: '1000 requests/s', metric: 'p50' }, candidate);
  return `${throughput('CPU per request')} of CPU time for each of ${throughput('rate')}; p50 ${p50} at 1,000 requests/s; ${throughput('memory')}`;
}
