import { expect } from 'chai';
import { nextEvent } from '../support/engine.ts';
import { Served } from './served.ts';

const LINES = { 'content-type': 'application/x-ndjson' };

interface Line {
  readonly index: number;
  readonly id?: string | number;
  readonly ok: boolean;
  readonly output?: string;
  readonly error?: { readonly status: number; readonly code?: string };
}

function parse(text: string): Line[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

describe('POST /plugins/NAME with lines', () => {
  let served: Served;
  before(async () => {
    served = await Served.start({ maxBodyBytes: 4096 });
  });
  after(() => served.close());

  it('answers each line with one', async () => {
    const body = Array.from({ length: 500 }, (_, index) => JSON.stringify({ id: index, input: `text ${index}` }));
    const response = await served.post('/plugins/echo', body.join('\n'), LINES);
    expect(response.headers.get('content-type')).to.equal('application/x-ndjson');
    const lines = parse(await response.text());
    expect(lines).to.have.length(500);
    for (const { id, index, ok, output } of lines) {
      expect({ id, ok, output }).to.deep.equal({ id: index, ok: true, output: `text ${index}` });
    }
  });

  it('keeps the order where that is asked for, also of lines that are none', async () => {
    const body = [
      '{"input":"a"}',
      'no JSON',
      '{"input":7}',
      '',
      '{"input":"b","__proto__":{}}',
      `{"input":"${'x'.repeat(5000)}"}`,
      '{"input":"fail","id":"f"}',
      '{"input":"c"}',
      'the last, without an end',
    ];
    const response = await served.post('/plugins/echo?ordered=true', body.join('\n'), LINES);
    const lines = parse(await response.text());
    expect(lines.map(({ index }) => index)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(lines.map(({ ok, error }) => (ok ? 'ok' : error!.status))).to.deep.equal([
      'ok',
      400,
      400,
      400,
      413,
      'ok',
      'ok',
      400,
    ]);
    expect(lines[5]).to.include({ id: 'f', success: false });
  });

  it('answers lines that are none as they come, so that they are bounded like others', async () => {
    const socket = await served.connect();
    let answer = '';
    socket.on('data', (data: Buffer) => {
      answer += data.toString();
    });
    socket.write(
      'POST /plugins/echo HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n',
    );
    for (let index = 0; index < 3; index++) {
      socket.write('5\r\nnone\n\r\n');
      while (!answer.includes(`"index":${index},"ok":false`))
        await new Promise((resolve) => socket.once('data', resolve));
    }
    socket.destroy();
  });

  it('tells of a record that fails, and goes on', async () => {
    const response = await served.post('/plugins/hostile', '{"input":"unreachable"}\n{"input":"fine"}\n', LINES);
    const lines = parse(await response.text()).toSorted((one, other) => one.index - other.index);
    expect(lines.map(({ ok, error }) => (ok ? 'ok' : error!.code))).to.deep.equal(['ERR_TRAP', 'ok']);
  });

  it('is refused as a whole where there is no such plugin', async () => {
    expect((await served.post('/plugins/nobody', '{"input":""}', LINES)).status).to.equal(404);
  });

  it('answers while it is sent, and reads only as far as its answers are read', async () => {
    const socket = await served.connect();
    socket.write(
      'POST /plugins/echo HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n',
    );
    let answer = '';
    socket.on('data', (data: Buffer) => {
      answer += data.toString();
    });
    const seen = async (text: string): Promise<void> => {
      while (!answer.includes(text)) await new Promise((resolve) => socket.once('data', resolve));
    };
    const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
    socket.write(chunk('{"input":"first"}\n'));
    await seen('first');
    // From here on it reads nothing, while it is asked for 64 answers of a megabyte: more than any buffer takes.
    socket.pause();
    const line = '{"input":"output 1000000"}\n';
    const asked = 1000;
    socket.write(chunk(line.repeat(asked)));
    while (served.engine.status().outstandingBytes < 1e6) await new Promise((resolve) => setImmediate(resolve));
    const held = served.engine.status().outstandingBytes;
    expect(held).to.be.below(200e6);
    const answered = served.engine.metrics.snapshot().plugins.find(({ plugin }) => plugin === 'echo')!.calls;
    expect(answered).to.be.below(asked);
    socket.destroy();
  });

  it('ends with its client', async () => {
    const socket = await served.connect();
    const head =
      'POST /plugins/hostile HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\ncontent-length: 999\r\n\r\n';
    socket.write(`${head}{"input":"spin"}\n`);
    await served.running();
    const ended = nextEvent(served.engine, 'worker:terminated');
    socket.destroy();
    expect((await ended)[0].code).to.equal('ERR_ABORTED');
  });
});
