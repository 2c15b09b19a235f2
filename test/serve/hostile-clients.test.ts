import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { corePlugin, guest } from '../fixtures/core-plugin.ts';
import { plugin } from '../support/wat.ts';
import { Served } from './served.ts';

const HEAD = 'POST /plugins/echo HTTP/1.1\r\nhost: localhost\r\n';

describe('clients that mean harm', () => {
  let served: Served;
  before(async () => {
    served = await Served.start({ maxBodyBytes: 1024, maxHeaderBytes: 2048 });
  });
  afterEach(async () => {
    // Whatever was done, the next one is served.
    expect(await (await served.post('/plugins/echo', 'well')).text()).to.equal('well');
  });
  after(() => served.close());

  it('announce a body that is too large', async () => {
    expect(await served.raw(`${HEAD}content-length: 99999999999\r\n\r\n`)).to.match(/^HTTP\/1\.1 413 /);
  });

  it('ask for leave to send one', async () => {
    const answer = await served.raw(`${HEAD}content-length: 5000\r\nexpect: 100-continue\r\n\r\n`);
    expect(answer).to.match(/^HTTP\/1\.1 413 /);
    const allowed = await served.connect();
    allowed.write(`${HEAD}content-length: 2\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n`);
    const [leave] = (await once(allowed, 'data')) as [Buffer];
    expect(leave.toString()).to.match(/^HTTP\/1\.1 100 /);
    allowed.write('ok');
    expect(await text(allowed)).to.match(/^HTTP\/1\.1 200 .*ok$/s);
  });

  it('send one in pieces that never end', async () => {
    const chunk = `400\r\n${'x'.repeat(1024)}\r\n`;
    expect(await served.raw(`${HEAD}transfer-encoding: chunked\r\n\r\n${chunk.repeat(8)}`)).to.match(
      /^HTTP\/1\.1 413 /,
    );
  });

  it('send headers that are too long, or what is no HTTP', async () => {
    expect(await served.raw(`${HEAD}x-long: ${'x'.repeat(5000)}\r\n\r\n`)).to.match(/^HTTP\/1\.1 431 /);
    expect(await served.raw(`${randomBytes(100).toString('base64')}\r\n\r\n`)).to.match(/^HTTP\/1\.1 400 /);
    expect(await served.raw(`${HEAD}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`)).to.match(
      /^HTTP\/1\.1 400 /,
    );
  });

  it('close half of the connection, or all of it', async () => {
    const half = await served.connect();
    half.end(`${HEAD}content-length: 1\r\n\r\nx`);
    await text(half);
    const gone = await served.connect();
    gone.end(`${HEAD}content-length: 10\r\n\r\nx`);
    await text(gone);
    const reset = await served.connect();
    reset.write(`${HEAD}content-length: 10\r\n\r\nx`);
    reset.resetAndDestroy();
  });

  it('send many requests without waiting for an answer', async () => {
    const request = `${HEAD}content-length: 5\r\n\r\nagain`;
    const last = `${HEAD}content-length: 4\r\nconnection: close\r\n\r\nlast`;
    const answer = await served.raw(`${request.repeat(200)}${last}`);
    expect(answer.match(/HTTP\/1\.1 200 /g)).to.have.length(201);
    expect(answer).to.match(/last$/);
  });

  it('ask for names that lead elsewhere', async () => {
    for (const name of [
      '..%2f..%2fetc%2fpasswd',
      '%2e%2e',
      '__proto__',
      'constructor',
      'toString',
      '%00',
      'a%0d%0ab',
      '%ff',
      '%',
    ]) {
      const answer = await served.raw(
        `POST /plugins/${name} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\nconnection: close\r\n\r\nx`,
      );
      expect(answer).to.match(/^HTTP\/1\.1 40[04] /);
    }
    for (const path of [
      '/plugins/../plugins/echo',
      '//plugins/echo',
      '/plugins/echo/',
      '*',
      'http://other/plugins/echo',
    ]) {
      const answer = await served.raw(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
      expect(answer, path).to.match(/^HTTP\/1\.1 40[04] /);
    }
  });

  it('send JSON that is none, is nested without end or has keys of prototypes', async () => {
    const json = { 'content-type': 'application/json' };
    for (const body of [
      '',
      '{',
      'null',
      '7',
      '[]',
      '"x"',
      '['.repeat(500),
      '{"input":null}',
      '{"input":"x","options":7}',
      '{"input":"x","options":{"a":1}}',
      '{"__proto__":{"input":"x"}}',
      '{"input":"x","constructor":{"prototype":{"polluted":1}}}',
      '{"input":"\\ud800"}',
    ]) {
      const response = await served.post('/plugins/echo', body, json);
      expect(response.status, body).to.equal(400);
      expect(response.headers.get('content-type')).to.equal('application/problem+json');
    }
    const proto = await served.post('/plugins/echo', '{"input":"option","options":{"__proto__":"p"}}', json);
    expect(await proto.json()).to.deep.equal({ output: 'p', success: true });
    expect(Object.keys(Object.prototype)).to.deep.equal([]);
  });

  it('send text that is not UTF-8, is compressed or of a type that is not known', async () => {
    const send = (headers: string, body: string): Promise<string> =>
      served.raw(`${HEAD}${headers}content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`);
    expect(await send('content-encoding: gzip\r\n', 'x')).to.match(/^HTTP\/1\.1 415 /);
    expect(await send('content-type: text/plain; charset=latin1\r\n', 'x')).to.match(/^HTTP\/1\.1 415 /);
    expect(await send('content-type: image/png\r\n', 'x')).to.match(/^HTTP\/1\.1 415 /);
    const bytes = await served.ask('/plugins/echo', { method: 'POST', body: Uint8Array.of(0xff) });
    expect(bytes.status).to.equal(400);
  });

  it('send a type that is slow to read', async () => {
    // What looks for spaces at an end by trying each beginning would be at it for minutes.
    const type = `content-type: text/plain;charset=${' '.repeat(8_000)}"x"y\r\n`;
    const patient = await Served.start();
    const answer = await patient.raw(`${HEAD}${type}content-length: 1\r\nconnection: close\r\n\r\nx`);
    expect(answer).to.match(/^HTTP\/1\.1 415 /);
    await patient.close();
  });

  it('send what is no HTTP in the middle of an answer, which says nothing more', async () => {
    const socket = await served.connect();
    const lines = 'content-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n';
    let answer = '';
    socket.on('data', (data: Buffer) => {
      answer += data.toString();
    });
    socket.write(`${HEAD}${lines}f\r\n{"input":"one"}\r\n1\r\n\n\r\n`);
    while (!answer.includes('"output":"one"')) await once(socket, 'data');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.once('end', () => socket.destroy());
    socket.write('no length\r\n');
    await closed;
    expect(answer.match(/HTTP\/1\.1 \d+/g)).to.deep.equal(['HTTP/1.1 200']);
  });

  it('use methods that there are not, and say too much in the query', async () => {
    for (const method of ['PATCH', 'OPTIONS', 'BREW']) {
      const answer = await served.raw(`${method} /plugins HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
      expect(answer).to.match(/^HTTP\/1\.1 40[05] /);
    }
    const response = await served.ask('/plugins', { method: 'PATCH' });
    expect(response.headers.get('allow')).to.equal('GET, HEAD');
    expect((await served.post('/plugins/echo?deadlinems=5', 'x')).status).to.equal(400);
    expect((await served.post('/plugins/echo?deadline-ms=soon', 'x')).status).to.equal(400);
    expect((await served.post('/plugins/echo?option=none', 'x')).status).to.equal(400);
  });
});

describe('clients that ask for too little time', () => {
  /** Works for much longer than a millisecond, and always answers. */
  const works = guest(() =>
    plugin(
      corePlugin({
        process: `(local $i i32) (local.set $i (i32.const 20000000))
          (loop $turn (br_if $turn (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
          (call $ok (local.get $p) (local.get $n))`,
      }),
    ),
  );

  it('do not open the circuit of a plugin that is well', async () => {
    const served = await Served.start({ minDeadlineMs: 30_000 });
    try {
      const failurePolicy = { maxFailures: 1 };
      await served.engine.loadPlugin('works', await works(), { failurePolicy });
      const line = '{"input":"x"}\n';
      const batched = await served.post('/plugins/works?deadline-ms=1', line, {
        'content-type': 'application/x-ndjson',
      });
      expect(JSON.parse(await batched.text())).to.include({ ok: true });
      for (const headers of [{ 'deadline-ms': '1' }, { 'deadline-ms': '0' }, { prefer: 'wait=0' }] as const) {
        expect((await served.post('/plugins/works', 'x', headers)).status).to.equal(200);
      }
      expect(served.engine.getPlugin('works')?.state).to.equal('active');
    } finally {
      await served.close();
    }
  });
});

describe('clients that take their time', () => {
  let served: Served;
  before(async () => {
    served = await Served.start({ bodyTimeoutMs: 150, headersTimeoutMs: 150 });
  });
  after(() => served.close());

  it('send a body, or a line of a batch, and stop in the middle', async () => {
    expect(await served.raw(`${HEAD}content-length: 10\r\n\r\nfive!`)).to.match(/^HTTP\/1\.1 408 /);
    // Its answer has begun, so that it can only be cut off.
    const answer = await served.raw(`${HEAD}content-type: application/x-ndjson\r\ncontent-length: 99\r\n\r\n{"input":`);
    expect(answer).to.match(/^HTTP\/1\.1 200 /);
    expect(answer).to.not.match(/0\r\n\r\n$/);
  });

  it('send their headers slowly, or none', async () => {
    expect(await served.raw('POST /plugins/echo HTT')).to.match(/^(?:HTTP\/1\.1 408 .*|)/);
    expect(await served.raw('')).to.match(/^(?:HTTP\/1\.1 408 .*|)/);
  });

  it('do not read what they asked for', async () => {
    // With time for headers: this one is asked how it goes.
    const patient = await Served.start({ bodyTimeoutMs: 150 });
    const socket = await patient.connect();
    socket.pause();
    const line = '{"input":"output 1000000"}\n'.repeat(200);
    socket.write(`${HEAD}content-type: application/x-ndjson\r\ncontent-length: ${line.length}\r\n\r\n${line}`);
    // The server lets go of it by itself.
    while (!(await (await patient.ask('/metrics')).text()).includes('{status="499"}'));
    socket.destroy();
    await patient.close();
  });

  it('do not read the one answer that they asked for', async () => {
    const patient = await Served.start({ bodyTimeoutMs: 150 });
    const socket = await patient.connect();
    socket.pause();
    const body = 'output 15000000';
    socket.write(`${HEAD}content-length: ${body.length}\r\n\r\n${body}`);
    const calls = (): number =>
      patient.engine.metrics.snapshot().plugins.find(({ plugin }) => plugin === 'echo')!.calls;
    while (calls() === 0) await new Promise((resolve) => setImmediate(resolve));
    // In the end only the one that asks is open. Its status is another one on each Node.
    while (!/http_requests_open 1\n/.test(await (await patient.ask('/metrics')).text()));
    socket.destroy();
    await patient.close();
  });
});
