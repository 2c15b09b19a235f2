import { openAsBlob } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Sink, writeAll } from '../file/sink.ts';
import { RemoteClient } from './client.ts';
import { MultipartUpload } from './multipart-upload.ts';

/**
 * Something that is put on a server when it is complete, so that nobody sees a part of it. S3 takes it in parts; what any other
 * server is to get is a file of this machine until then: as long as it likes in little memory, and can be sent again.
 */
export async function openUpload(path: string): Promise<Sink> {
  const client = await RemoteClient.open(path);
  if (client.isS3) return new MultipartUpload(client);
  const folder = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-upload-'));
  const name = join(folder, 'output');
  const file = await open(name, 'wx', 0o600);
  return {
    write: (bytes, position) => writeAll(file, bytes, position),
    sync: async () => {},
    cut: async () => {},
    finish: async () => {
      const response = await client.request({ method: 'PUT', body: await openAsBlob(name) });
      await response.body?.cancel();
    },
    close: async () => {
      await file.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
