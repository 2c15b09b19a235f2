import { Socket } from 'node:net';
import { deserialize } from 'node:v8';
import { Channel } from '../wire/channel.ts';
import { CHANNEL_FD, type HostMessage } from '../wire/messages.ts';
import { ChildEngine } from './child-engine.ts';

/*
 * The process of one group of plugins. It lives as long as its channel: when the host is gone, or has closed it, so is
 * this, whatever its threads are doing. `process.exit` would wait for a thread that V8 compiles in; a signal does not.
 */

let engine: ChildEngine | undefined;

const channel = new Channel(new Socket({ fd: CHANNEL_FD, readable: true, writable: true }), () => 0x7fff_ffff, {
  onFrame: (kind, body) => {
    // The first message starts it.
    if (engine !== undefined) engine.receive(kind, body);
    else engine = new ChildEngine(channel, deserialize(body) as Extract<HostMessage, { kind: 'start' }>);
  },
  onDrain: () => {},
  onEnd: () => process.kill(process.pid, 'SIGKILL'),
});
