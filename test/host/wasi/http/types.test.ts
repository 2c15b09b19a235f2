import { expect } from 'chai';
import type { PluginError } from '../../../../src/errors.ts';
import type { HeaderFields } from '../../../../src/host/wasi/http/fields.ts';
import type { OutgoingBody as Body } from '../../../../src/host/wasi/http/outgoing-body.ts';
import type { HttpRequest } from '../../../../src/host/wasi/http/outgoing-request.ts';
import type { HttpResponse } from '../../../../src/host/wasi/http/outgoing-response.ts';
import type { HttpRequestOptions } from '../../../../src/host/wasi/http/request-options.ts';
import { bytes, closeAll, err, sandbox, thrown } from '../sandbox.ts';

interface HttpTypes {
  readonly Fields: { new (): HeaderFields; fromList(entries: [string, Uint8Array][]): HeaderFields };
  readonly OutgoingBody: { finish(body: Body, trailers: HeaderFields | undefined): void };
  readonly OutgoingRequest: new (headers: HeaderFields) => HttpRequest;
  readonly OutgoingResponse: new (headers: HeaderFields) => HttpResponse;
  readonly RequestOptions: new () => HttpRequestOptions;
}

const types = (): HttpTypes => sandbox().interface<HttpTypes>('wasi:http/types');

describe('wasi:http', () => {
  afterEach(closeAll);

  it('holds no more than 1 MiB in methods, paths, schemes and authorities either, and gives it back', () => {
    const { Fields, OutgoingRequest } = types();
    const part = 'x'.repeat(8192);
    const made: HttpRequest[] = [];
    const make = (): void => {
      const request = new OutgoingRequest(new Fields());
      made.push(request);
      request.setMethod({ tag: 'other', val: part });
      request.setPathWithQuery(part);
      request.setScheme({ tag: 'other', val: part });
      request.setAuthority(part);
      // Once: what replaces another part takes its place.
      request.setAuthority(part);
    };
    for (let count = 0; count < 32; count++) make();
    expect((thrown(make) as PluginError).code).to.equal('ERR_MEMORY_LIMIT');
    for (const request of made.splice(0)) request[Symbol.dispose]();
    for (let count = 0; count < 32; count++) make();
  });

  it('denies every request with the error of the interface, and takes what it is given', () => {
    const { interface: get, wasi } = sandbox();
    const { Fields, OutgoingRequest, RequestOptions } = get<HttpTypes>('wasi:http/types');
    const { handle } = get<{ handle(request: HttpRequest, options?: HttpRequestOptions): never }>(
      'wasi:http/outgoing-handler',
    );
    // More rounds than an instance may hold resources.
    for (let round = 0; round < 3000; round++) {
      const request = new OutgoingRequest(new Fields());
      expect(err(() => handle(request, new RequestOptions()))).to.deep.equal({ tag: 'HTTP-request-denied' });
    }
    wasi.close();
  });

  describe('fields', () => {
    it('compare names without case and keep what they are given', () => {
      const { Fields } = types();
      const fields = Fields.fromList([
        ['Accept', bytes('a')],
        ['x-one', bytes('1')],
        ['accept', bytes('b')],
      ]);
      expect(fields).to.be.instanceOf(Fields);
      expect(fields.get('ACCEPT')).to.deep.equal([bytes('a'), bytes('b')]);
      expect([fields.has('X-One'), fields.has('x-two'), fields.get('x-two')]).to.deep.equal([true, false, []]);
      fields.append('X-ONE', bytes('2'));
      fields.set('Accept', [bytes('c')]);
      expect(fields.entries()).to.deep.equal([
        ['x-one', bytes('1')],
        ['X-ONE', bytes('2')],
        ['Accept', bytes('c')],
      ]);
      fields.delete('x-ONE');
      expect(fields.entries()).to.deep.equal([['Accept', bytes('c')]]);
    });

    it('refuse what would forge or replace a header of the transport', () => {
      const { Fields } = types();
      const fields = new Fields();
      for (const name of ['', 'a b', 'a:b', 'a\r\nb', 'é']) {
        expect(
          err(() => fields.append(name, bytes('x'))),
          name,
        ).to.deep.equal({ tag: 'invalid-syntax' });
      }
      for (const value of ['a\r\nb: c', 'a\0', '\x7f']) {
        expect(
          err(() => fields.append('a', bytes(value))),
          value,
        ).to.deep.equal({ tag: 'invalid-syntax' });
        expect(err(() => Fields.fromList([['a', bytes(value)]]))).to.deep.equal({ tag: 'invalid-syntax' });
      }
      for (const name of ['Host', 'connection', 'Transfer-Encoding']) {
        expect(
          err(() => fields.set(name, [bytes('x')])),
          name,
        ).to.deep.equal({ tag: 'forbidden' });
      }
      expect(fields.entries()).to.deep.equal([]);
      // What is refused takes no place among the resources of the instance.
      for (let round = 0; round < 5000; round++) err(() => Fields.fromList([['', bytes('')]]));
    });

    it('of a request cannot be changed; a clone can', () => {
      const { Fields, OutgoingRequest } = types();
      const headers = new OutgoingRequest(Fields.fromList([['a', bytes('1')]])).headers();
      expect(headers).to.be.instanceOf(Fields);
      expect(err(() => headers.append('b', bytes('2')))).to.deep.equal({ tag: 'immutable' });
      expect(err(() => headers.delete('a'))).to.deep.equal({ tag: 'immutable' });
      const clone = headers.clone();
      clone.append('b', bytes('2'));
      expect([clone.entries().length, headers.entries().length]).to.deep.equal([2, 1]);
    });

    it('of one instance together hold at most 1 MiB, and give it back', () => {
      const { Fields } = types();
      const large = new Uint8Array(500_000).fill(0x61);
      for (let round = 0; round < 10; round++) Fields.fromList([['a', large]])[Symbol.dispose]();
      const fields = Fields.fromList([
        ['a', large],
        ['b', large],
      ]);
      expect((thrown(() => fields.append('c', large)) as PluginError).code).to.equal('ERR_MEMORY_LIMIT');
      expect((thrown(() => fields.clone()) as PluginError).limit).to.deep.equal({
        name: 'bytes in WASI resources',
        value: 1024 * 1024,
      });
    });
  });

  it('builds requests in memory, and refuses parts that would break the request line', () => {
    const { Fields, OutgoingRequest } = types();
    const request = new OutgoingRequest(new Fields());
    request.setMethod({ tag: 'other', val: 'PURGE' });
    request.setScheme({ tag: 'HTTPS' });
    request.setAuthority('example.org:8443');
    request.setPathWithQuery('/a?b=c');
    expect([request.method(), request.scheme(), request.authority(), request.pathWithQuery()]).to.deep.equal([
      { tag: 'other', val: 'PURGE' },
      { tag: 'HTTPS' },
      'example.org:8443',
      '/a?b=c',
    ]);
    expect(err(() => request.setMethod({ tag: 'other', val: 'A B' }))).to.equal(undefined);
    expect(err(() => request.setAuthority('a\r\nb'))).to.equal(undefined);
    expect(err(() => request.setPathWithQuery('/ HTTP/1.1\r\n'))).to.equal(undefined);
    expect(err(() => request.setPathWithQuery(`/${'a'.repeat(8192)}`))).to.equal(undefined);
    expect(request.pathWithQuery()).to.equal('/a?b=c');
  });

  it('gives a body and its stream once', () => {
    const { Fields, OutgoingRequest, OutgoingBody } = types();
    const request = new OutgoingRequest(new Fields());
    const body = request.body();
    expect(err(() => request.body())).to.equal(undefined);
    body.write().write(bytes('discarded'));
    expect(err(() => body.write())).to.equal(undefined);
    OutgoingBody.finish(body, undefined);
  });

  it('keeps request options and the status of a response', () => {
    const { Fields, OutgoingResponse, RequestOptions } = types();
    const options = new RequestOptions();
    options.setConnectTimeout(1n);
    options.setFirstByteTimeout(2n);
    options.setBetweenBytesTimeout(3n);
    expect([options.connectTimeout(), options.firstByteTimeout(), options.betweenBytesTimeout()]).to.deep.equal([
      1n,
      2n,
      3n,
    ]);
    const response = new OutgoingResponse(new Fields());
    expect(response.statusCode()).to.equal(200);
    expect(err(() => response.setStatusCode(99))).to.equal(undefined);
  });
});
