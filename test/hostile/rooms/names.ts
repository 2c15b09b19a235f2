import { expect } from 'chai';
import { hostile, injection, lifecycle } from '../../fixtures/guests.ts';
import type { Attack, Room } from '../attack.ts';
import { refusesWithForgery, trapsInForgedName } from '../guests/ambush.ts';

/** Components whose names are JavaScript, by where the name is. */
const INJECTIONS = {
  'a core export': injection.coreExport,
  'a core export, with line breaks': injection.coreExportLines,
  'the module of a core import': injection.coreImport,
  'an export that is given inline': injection.inlineExport,
  'an exported memory': injection.memoryExport,
  'the address of an import, on which the tools panic': injection.panicsTools,
  'an export beside those of the contract': injection.pluginWithExtraExport,
};

const injections = Object.entries(INJECTIONS).map(
  ([where, guest]): Attack => ({
    name: `has JavaScript as the name of ${where}`,
    guest,
    phase: 'load',
    ending: { code: 'ERR_INVALID_COMPONENT' },
    verify: () => expect(injection.PROOF in globalThis).to.equal(false),
  }),
);

/** Names and strings that are run, or taken for a key, a path or a line. */
export const names: Room = {
  room: 'names',
  attacks: [
    ...injections,
    {
      name: 'has exports that every object inherits (constructor, toString, then)',
      guest: injection.inheritedNames,
      ending: { output: 'hello' },
    },
    {
      name: 'asks for the configuration key __proto__',
      guest: hostile,
      input: 'config __proto__',
      ending: { output: '' },
    },
    {
      name: 'asks for the configuration key constructor',
      guest: hostile,
      input: 'config constructor',
      ending: { output: '' },
    },
    {
      name: 'emits an event named __proto__',
      guest: hostile,
      input: 'event __proto__',
      ending: { output: '0' },
      verify: ({ events }) => expect(events.map(({ type }) => type)).to.deep.equal(['__proto__']),
    },
    {
      name: 'traps in a function whose name is an escape sequence and a log line',
      guest: trapsInForgedName,
      input: 'attack',
      ending: { code: 'ERR_TRAP', trap: 'unreachable' },
    },
    {
      name: 'refuses to start, and its reason is an escape sequence and a log line',
      guest: refusesWithForgery,
      phase: 'load',
      ending: { code: 'ERR_INITIALIZE_FAILED' },
    },
    {
      name: 'calls itself a path, a key and an escape sequence in its metadata',
      guest: lifecycle.metadataForges,
      ending: { output: 'hello' },
      verify({ engine, plugin }) {
        const info = engine.listPlugins().find(({ name }) => name === plugin);
        expect(info?.version).to.match(/^\P{Cc}+$/u);
      },
    },
  ],
};
