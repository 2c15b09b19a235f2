import { LuaFactory } from 'wasmoon';
import type { Candidate } from '../../../src/bench/scenario.ts';

const SCRIPT = `
  local shifted = {}
  for code = 0, 255 do
    local letter = code | 32
    local shift = 0
    if letter >= 97 and letter <= 109 then shift = 13 elseif letter >= 110 and letter <= 122 then shift = -13 end
    shifted[string.char(code)] = string.char(code + shift)
  end
  function process(input) return (input:gsub('%a', shifted)) end
`;

/** A script in a Lua 5.4 VM (the reference implementation, compiled to WebAssembly), called in the main thread. */
export async function open(): Promise<Candidate> {
  const lua = await new LuaFactory().createEngine({ openStandardLibs: true });
  await lua.doString(SCRIPT);
  const process = lua.global.get('process') as (input: string) => string;
  return { process, close: async () => lua.global.close() };
}
