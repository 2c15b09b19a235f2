import { coreModulesOf } from '../../../src/canonical-abi/plan/core-modules.ts';
import { leb128 } from '../../../src/component/edits.ts';
import { parseComponent } from '../../../src/component/parse.ts';
import { corePlugin, type Guest, guest } from '../../fixtures/core-plugin.ts';
import { plugin } from '../../support/wat.ts';
import { section } from './compiler-bombs.ts';

const CORE_MODULE = 1;
const CORE_INSTANCE = 2;

/** Core modules and their instances, as sections of a component in which so many modules come before. */
export function modulesIn(modules: readonly Uint8Array[], instances: number, before: number): Uint8Array[] {
  return modules.flatMap((module, place) => {
    const instance = Uint8Array.from(section(CORE_INSTANCE, [1, 0, ...leb128(before + place), 0]));
    return [Uint8Array.from(section(CORE_MODULE, [...module])), ...Array.from({ length: instances }, () => instance)];
  });
}

/**
 * A component of core modules and nothing else.
 *
 * @param instances Of each of them, how many are made. @default one
 */
export function componentOf(modules: readonly Uint8Array[], instances = 1): Uint8Array {
  const preamble = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00);
  return new Uint8Array(Buffer.concat([preamble, ...modulesIn(modules, instances, 0)]));
}

/** An obedient plugin with core modules at its end; see {@link componentOf}. */
export function withModules(modules: () => readonly Uint8Array[], instances = 1, core: string = corePlugin()): Guest {
  return guest(async () => {
    const base = await plugin(core);
    const before = coreModulesOf(parseComponent(base)).length;
    return new Uint8Array(Buffer.concat([base, ...modulesIn(modules(), instances, before)]));
  });
}
