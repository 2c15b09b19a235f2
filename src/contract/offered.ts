import { parseInterfaceName } from './interface-name.ts';
import { isWasi } from './wasi.ts';
import { CONTRACT_PACKAGE, HOST_API } from './worlds.ts';

/** Whether the engine itself offers an import, by its name: the contract's host API, or an interface of WASI. */
export function offeredByEngine(name: string): boolean {
  const parsed = parseInterfaceName(name);
  if (parsed === undefined) return false;
  return isWasi(parsed) || (parsed.package === CONTRACT_PACKAGE && parsed.interface === HOST_API.interface);
}
