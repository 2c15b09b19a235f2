import type { Room } from './attack.ts';
import { abi } from './rooms/abi.ts';
import { artifacts } from './rooms/artifacts.ts';
import { blocking } from './rooms/blocking.ts';
import { compilers } from './rooms/compilers.ts';
import { delayed } from './rooms/delayed.ts';
import { environment } from './rooms/environment.ts';
import { exit } from './rooms/exit.ts';
import { fileEscapes } from './rooms/file-escapes.ts';
import { files } from './rooms/files.ts';
import { instances } from './rooms/instances.ts';
import { logs } from './rooms/logs.ts';
import { loops } from './rooms/loops.ts';
import { memory } from './rooms/memory.ts';
import { names } from './rooms/names.ts';
import { network } from './rooms/network.ts';
import { outputs } from './rooms/outputs.ts';
import { readOnly } from './rooms/read-only.ts';
import { reentrance } from './rooms/reentrance.ts';
import { traps } from './rooms/traps.ts';

/** Every attack, by the part of the engine that it is on. */
export const ROOMS: readonly Room[] = [
  loops,
  blocking,
  memory,
  instances,
  traps,
  outputs,
  abi,
  reentrance,
  exit,
  logs,
  fileEscapes,
  readOnly,
  files,
  environment,
  network,
  names,
  artifacts,
  compilers,
  delayed,
];
