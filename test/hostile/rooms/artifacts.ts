import type { ErrorCode } from '../../../src/errors.ts';
import type { Guest } from '../../fixtures/core-plugin.ts';
import { misfits } from '../../fixtures/guests.ts';
import type { Attack, Room } from '../attack.ts';

const REFUSED: readonly (readonly [what: string, guest: Guest, code: ErrorCode])[] = [
  ['nothing', misfits.empty, 'ERR_INVALID_ARGUMENT'],
  ['a shell script', misfits.garbage, 'ERR_NOT_A_COMPONENT'],
  ['a core module', misfits.coreModule, 'ERR_NOT_A_COMPONENT'],
  ['two thirds of a component', misfits.truncated, 'ERR_INVALID_COMPONENT'],
  ['a component that does not validate', misfits.invalidComponent, 'ERR_INVALID_COMPONENT'],
  ['a component of another world', misfits.otherWorld, 'ERR_INCOMPATIBLE_WIT'],
  ['a plugin that lacks a function', misfits.missingExport, 'ERR_INCOMPATIBLE_WIT'],
  ['a plugin that takes bytes for text', misfits.wrongFieldType, 'ERR_INCOMPATIBLE_WIT'],
  ['a plugin that names a field otherwise', misfits.wrongFieldName, 'ERR_INCOMPATIBLE_WIT'],
  ['a plugin that calls the host with other types', misfits.wrongImportType, 'ERR_INCOMPATIBLE_WIT'],
  ['a plugin that asks the host for a secret', misfits.unknownHostFunction, 'ERR_INCOMPATIBLE_WIT'],
  ['a plugin that imports what nobody offers', misfits.unknownImport, 'ERR_UNKNOWN_IMPORT'],
  ["a plugin that calls members of the host's classes", misfits.unknownWasiFunction, 'ERR_UNKNOWN_IMPORT'],
  ['a plugin that calls WASI with other types', misfits.wrongWasiType, 'ERR_INCOMPATIBLE_WIT'],
  ['a plugin with exceptions from before WebAssembly 3.0', misfits.legacyExceptions, 'ERR_INVALID_COMPONENT'],
];

/** Files that are no plugin. Mutants of plugins, by the thousand, are in `artifact/`. */
export const artifacts: Room = {
  room: 'artifacts',
  attacks: REFUSED.map(
    ([what, guest, code]): Attack => ({ name: `is ${what}`, guest, phase: 'load', ending: { code } }),
  ),
};
