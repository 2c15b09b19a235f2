import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import { tool } from '../fixtures/tool.ts';
import { tool3 } from '../fixtures/tool-3.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';
import { component, dummy } from '../support/wat.ts';

const NEVER = new Promise<never>(() => {});

for (const { wasi, binding, command } of [
  { wasi: '0.2', binding: 'auto', command: tool },
  { wasi: '0.2', binding: 'glue', command: tool },
  { wasi: '0.3', binding: 'auto', command: tool3 },
] as const) {
  describe(`engine.run of a command of WASI ${wasi}, with the binding ${binding}`, () => {
    let engine: PluginEngine;
    before(async () => {
      engine = await createEngine({ threads: 1, binding, isolation: 'none' });
      await engine.loadPlugin('tool', await command());
    });
    after(closeEngines);

    it('gives a command the name of its plugin and its arguments, and returns what it writes', async () => {
      const { status, stdout, stderr } = await engine.run('tool', { args: ['echo', 'a b', 'ö', ''] });
      expect({ status, stdout: stdout.toString(), stderr: stderr.toString() }).to.deep.equal({
        status: 0,
        stdout: 'tool\necho\na b\nö\n\n',
        stderr: '',
      });
    });

    it('needs no options', async () => {
      expect((await engine.run('tool')).status).to.equal(0);
    });

    it('returns the status of a command, whichever way it ends', async () => {
      expect((await engine.run('tool', { args: ['quit', '7'] })).status).to.equal(7);
      expect((await engine.run('tool', { args: ['quit', '0'] })).status).to.equal(0);
      expect((await engine.run('tool', { args: ['fail'] })).status).to.equal(1);
    });

    it('takes a fresh instance for each run', async () => {
      for (let round = 0; round < 3; round++) {
        expect((await engine.run('tool', { args: ['how-often'] })).stdout.toString()).to.equal('1\n');
      }
    });

    it('fails with the last lines of standard error where it traps', async () => {
      const error = await rejection(engine.run('tool', { args: ['panic', 'first\nlast'] }));
      expect(error).to.include({ code: 'ERR_TRAP', trap: 'unreachable' });
      expect(error.message).to.contain('first | last');
    });

    it('gives it variables, and those alone', async () => {
      const { stdout } = await engine.run('tool', { args: ['variables'], env: { A: '1', B: 'x=y' } });
      expect(stdout.toString()).to.equal('A=1\nB=x=y\n');
      expect((await engine.run('tool', { args: ['variables'] })).stdout.toString()).to.equal('');
    });

    for (const [what, stdin] of [
      ['a text', () => 'ada\nbö\n'],
      ['bytes', () => new TextEncoder().encode('ada\nbö\n')],
      ['texts and bytes', () => ['ada\n', new TextEncoder().encode('bö\n')]],
      ['a stream of the web', () => new Blob(['ada\nbö\n']).stream()],
      ['a stream of Node', () => new PassThrough().end('ada\nbö\n')],
    ] as const) {
      it(`reads ${what}`, async () => {
        const { stdout } = await engine.run('tool', { args: ['cat'], stdin: stdin() });
        expect(stdout.toString()).to.equal('ada\nbö\n');
      });
    }

    it('passes more on than any window holds, both ways', async () => {
      const bytes = new Uint8Array(2_000_003).map((_, index) => index % 251);
      const { stdout } = await engine.run('tool', { args: ['cat'], stdin: bytes });
      expect(stdout.equals(bytes)).to.equal(true);
    });

    it('cancels a stream that it leaves unread', async () => {
      const cancelled = Promise.withResolvers<void>();
      const stdin = new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(new Uint8Array(100_000)),
        cancel: () => cancelled.resolve(),
      });
      expect((await engine.run('tool', { args: ['once'], stdin })).status).to.equal(0);
      await cancelled.promise;
    });

    it('asks for nothing of a stream that is not read', async () => {
      let pulled = 0;
      const stdin = new ReadableStream<Uint8Array>({ pull: () => void pulled++ }, { highWaterMark: 0 });
      await engine.run('tool', { args: ['echo'], stdin });
      expect(pulled).to.equal(0);
    });

    it('polls standard input beside a timer', async () => {
      const waiting = await engine.run('tool', { args: ['timed'], stdin: new ReadableStream({}) });
      expect(waiting.stdout.toString()).to.equal('1\n');
    });

    it('writes to a function, to a stream of Node and to one of the web, which stay open', async () => {
      const chunks: string[] = [];
      const stdout = (chunk: Buffer): void => void chunks.push(chunk.toString());
      expect((await engine.run('tool', { args: ['echo'], stdout })).stdout.length).to.equal(0);
      expect(chunks.join('')).to.equal('tool\necho\n');

      const node = new PassThrough();
      await engine.run('tool', { args: ['echo'], stdout: node });
      expect(node.writableEnded).to.equal(false);
      expect(await text(node.end())).to.equal('tool\necho\n');

      const web = new TransformStream<Uint8Array, Uint8Array>(undefined, undefined, { highWaterMark: 64 });
      await engine.run('tool', { args: ['echo'], stdout: web.writable });
      expect(web.writable.locked).to.equal(false);
    });

    it('holds a command back whose output nobody takes, until its time is up', async () => {
      let taken = 0;
      const stdout = (chunk: Buffer): Promise<never> => {
        taken += chunk.length;
        return NEVER;
      };
      const error = await rejection(engine.run('tool', { args: ['write'], stdout, deadlineMs: 300 }));
      expect(error.code).to.equal('ERR_DEADLINE');
      expect(taken).to.be.at.most(4096);
    });

    it('bounds all that a command writes', async () => {
      await engine.loadPlugin('bounded', await command(), { sandbox: { maxOutputBytes: 10_000 } });
      expect(await rejection(engine.run('bounded', { args: ['write'] }))).to.deep.include({
        code: 'ERR_OUTPUT_LIMIT',
        limit: { name: 'maxOutputBytes', value: 10_000 },
      });
      expect((await engine.run('bounded', { args: ['echo'] })).status).to.equal(0);
    });

    it('is given up with the stream that it was given', async () => {
      const full = new Error('the disk is full');
      const onFull = (): never => {
        throw full;
      };
      const written = await rejection(engine.run('tool', { args: ['write'], stdout: onFull }));
      expect(written).to.include({ code: 'ERR_ABORTED', cause: full });
      const lost = new Error('the file is gone');
      const stdin = new ReadableStream({ pull: (controller) => controller.error(lost) });
      expect(await rejection(engine.run('tool', { args: ['cat'], stdin }))).to.include({
        code: 'ERR_ABORTED',
        cause: lost,
      });
      expect((await engine.run('tool')).status).to.equal(0);
    });

    it('ends with a signal, also while it waits for standard input', async () => {
      const controller = new AbortController();
      const stdin = new ReadableStream({ pull: () => controller.abort() }, { highWaterMark: 0 });
      const error = await rejection(engine.run('tool', { args: ['cat'], stdin, signal: controller.signal }));
      expect(error.code).to.equal('ERR_ABORTED');
    });

    it('ends with a limit of the policy', async () => {
      await engine.loadPlugin('quick', await command(), { sandbox: { cpuTimeLimitMs: 500 } });
      expect(await rejection(engine.run('quick', { args: ['spin'] }))).to.include({ code: 'ERR_CPU_TIME_LIMIT' });
    });

    it('says of a plugin that is no command what it is', async () => {
      await engine.loadPlugin('adder', await dummy('w', 'package a:b; world w { export add: func() -> u32; }'), {
        world: 'any',
      });
      const error = await rejection(engine.run('adder'));
      expect(error.code).to.equal('ERR_INVALID_ARGUMENT');
      expect(error.message).to.contain('add');
    });

    for (const [what, options] of [
      ['arguments that are no texts', { args: [1] }],
      ['an argument with a NUL', { args: ['a\0b'] }],
      ['a variable without a name', { env: { '': 'x' } }],
      ['an input that is none', { stdin: 5 }],
      ['an output that is none', { stdout: 5 }],
      ['a signal that is none', { signal: 'x' }],
      ['an option that there is not', { argv: [] }],
    ] as const) {
      it(`refuses ${what}`, async () => {
        expect(await rejection(engine.run('tool', options as never))).to.include({ code: 'ERR_INVALID_ARGUMENT' });
      });
    }

    it('takes hold of no stream before it has looked at the others', async () => {
      const [stdin, stdout] = [new ReadableStream<Uint8Array>(), new WritableStream<Uint8Array>()];
      for (const wrong of [{ stderr: 5 }, { signal: 5 }, { stderr: lockedOutput() }]) {
        const error = await rejection(engine.run('tool', { stdin, stdout, ...wrong } as never));
        expect(error).to.include({ code: 'ERR_INVALID_ARGUMENT' });
        expect({ stdin: stdin.locked, stdout: stdout.locked }).to.deep.equal({ stdin: false, stdout: false });
      }
      stdin.getReader();
      expect(await rejection(engine.run('tool', { stdin }))).to.include({ code: 'ERR_INVALID_ARGUMENT' });
    });

    for (const type of ['(result u32)', '(param "x" u32) (result (result))', '(result (result u32))']) {
      it(`calls nothing by the name of \`run\` whose type is another: ${type}`, async () => {
        await engine.loadPlugin(type, await runOf(type), { world: 'any' });
        const error = await rejection(engine.run(type));
        expect(error).to.include({ code: 'ERR_INVALID_ARGUMENT' });
        expect(error.message).to.contain('other types');
      });
    }

    it('runs many at once, each with streams of its own', async () => {
      const runs = Array.from({ length: 40 }, (_, index) => engine.run('tool', { args: ['cat'], stdin: `${index}` }));
      const outputs = (await Promise.all(runs)).map(({ stdout }) => stdout.toString());
      expect(outputs).to.deep.equal(Array.from({ length: 40 }, (_, index) => `${index}`));
    });
  });
}

function lockedOutput(): WritableStream {
  const stream = new WritableStream();
  stream.getWriter();
  return stream;
}

/** A component with a function `run` of any type of two words at the most, where the standard has its own. */
function runOf(type: string): Promise<Uint8Array> {
  const takes = type.includes('param') ? '(param i32)' : '';
  return component(`(component
    (core module $m
      (memory (export "memory") 1)
      (func (export "run") ${takes} (result i32) (i32.const 0)))
    (core instance $i (instantiate $m))
    (alias core export $i "memory" (core memory $memory))
    (func $run ${type} (canon lift (core func $i "run") (memory $memory)))
    (instance $r (export "run" (func $run)))
    (export "wasi:cli/run@0.2.0" (instance $r)))`);
}

describe('engine.run in a process of its own', () => {
  after(closeEngines);

  it('is refused, with what to do', async () => {
    const engine = await createEngine({ threads: 1, isolation: 'process' });
    await engine.loadPlugin('tool', await tool());
    expect(await rejection(engine.run('tool'))).to.include({ code: 'ERR_INVALID_ARGUMENT' });
  });
});

describe('A stream of Node that engine.run writes to', () => {
  after(closeEngines);

  it('may fail without ending the process', async () => {
    const engine = await createEngine({ threads: 1, isolation: 'none' });
    await engine.loadPlugin('tool', await tool());
    const stdout = new PassThrough();
    const closed = once(stdout, 'close');
    stdout.destroy();
    await closed;
    expect(await rejection(engine.run('tool', { args: ['write'], stdout }))).to.include({ code: 'ERR_ABORTED' });
  });
});
