import type { PluginDefinition } from '../artifact/definition.ts';
import { SourceLocations } from '../dwarf/source-locations.ts';

/** As long as the worker has the definition: each trap ends an instance. */
const known = new WeakMap<PluginDefinition, SourceLocations>();

/** What finds the lines of source of a plugin in this worker. */
export function sourceLocations(definition: PluginDefinition): SourceLocations {
  let locations = known.get(definition);
  if (locations === undefined) {
    locations = new SourceLocations([...definition.modules.values()], definition.policy.cpuTimeLimitMs);
    known.set(definition, locations);
  }
  return locations;
}
