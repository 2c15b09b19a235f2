import type { WasiHost } from '../host.ts';
import type { IoError } from '../io-error.ts';
import { Descriptor } from './descriptor.ts';
import { DirectoryEntryStream } from './directory-entries.ts';
import type { FsErrorCode } from './errno.ts';
import type { Mount } from './grants.ts';

/** `wasi:filesystem/preopens`: the granted directories, under the paths where they are mounted. */
export function preopens(host: WasiHost, mounts: readonly Mount[]): object {
  return {
    getDirectories(): [Descriptor, string][] {
      host.hostCall();
      return mounts.map(({ directory, path }) => {
        const descriptor = new Descriptor(directory);
        directory.handle.retain();
        return [descriptor, path];
      });
    },
  };
}

/** `wasi:filesystem/types` */
export function types(host: WasiHost): object {
  return {
    Descriptor,
    DirectoryEntryStream,
    filesystemErrorCode(error: IoError): FsErrorCode | undefined {
      host.hostCall();
      return error.fsCode;
    },
  };
}
