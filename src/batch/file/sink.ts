import type { Buffer } from 'node:buffer';
import { constants, open as openDescriptor } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { PluginError } from '../../errors.ts';
import { absent } from '../journal/private-file.ts';
import { isRemote } from '../remote/url.ts';

/** What takes bytes; one write at a time. */
export interface Sink {
  /** @param position Where they belong, for what has positions. */
  write(bytes: Buffer, position: number): Promise<void>;
  /** Has the disk hold what was written, where there is one. */
  sync(): Promise<void>;
  /** Cuts off what comes after a length, where there is one. */
  cut(length: number): Promise<void>;
  /** All is written, and none of it is to be missing. What is closed without that is not complete. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

/** Milliseconds between two looks whether a named pipe has a reader by now. */
const LOOK_MS = 20;

/** Whether a path is a regular file, or will be one: it can be cut, continued and locked. Links are followed. */
export async function isRegular(path: string): Promise<boolean> {
  if (path === '-' || isRemote(path)) return false;
  const stats = await stat(path).catch(absent);
  return stats === undefined || stats.isFile() || stats.isDirectory();
}

/** Opens a file, a device, a named pipe or, with `-`, standard output. Nothing of a file is changed yet. */
export async function openSink(path: string, interrupt: AbortSignal | undefined): Promise<Sink> {
  if (path === '-') return streamSink(process.stdout, () => {});
  const stats = await stat(path).catch(absent);
  if (stats?.isFIFO()) return openPipe(path, interrupt);
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT);
  return (await file.stat()).isFile() ? fileSink(file) : deviceSink(file);
}

function fileSink(file: FileHandle): Sink {
  return {
    write: (bytes, position) => writeAll(file, bytes, position),
    sync: () => file.datasync(),
    cut: (length) => file.truncate(length),
    finish: async () => {},
    close: () => file.close(),
  };
}

/** It has no positions, and nothing to be synced or cut. */
function deviceSink(file: FileHandle): Sink {
  return {
    write: (bytes) => writeAll(file, bytes, undefined),
    sync: async () => {},
    cut: async () => {},
    finish: async () => {},
    close: () => file.close(),
  };
}

/** Opened so that it does not wait for a reader inside of the system, where no signal reaches it. */
async function openPipe(path: string, interrupt: AbortSignal | undefined): Promise<Sink> {
  for (;;) {
    try {
      const fd = await promisify(openDescriptor)(path, constants.O_WRONLY | constants.O_NONBLOCK);
      // Written by the event loop: a full pipe would fail, or block a thread for ever.
      const socket = new Socket({ fd, readable: false, writable: true });
      socket.on('error', () => {});
      return streamSink(socket, async () => {
        if (socket.closed) return;
        const closed = new Promise((resolve) => socket.once('close', resolve));
        socket.end(() => socket.destroy());
        await closed;
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
    }
    if (interrupt?.aborted) {
      throw new PluginError('ERR_ABORTED', `Interrupted while nobody read the named pipe \`${path}\``);
    }
    await delay(LOOK_MS);
  }
}

function streamSink(stream: Writable, close: () => unknown): Sink {
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        stream.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    sync: async () => {},
    cut: async () => {},
    finish: async () => {},
    close: async () => {
      await close();
    },
  };
}

/** Writes all of it: `FileHandle.write` writes what fits; only the next call tells why the rest did not. */
export async function writeAll(file: FileHandle, bytes: Buffer, position: number | undefined): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const place = position === undefined ? null : position + at;
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, place);
    at += bytesWritten;
  }
}
