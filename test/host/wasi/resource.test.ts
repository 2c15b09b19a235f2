import { expect } from 'chai';
import { lowerCamel } from '../../../src/canonical-abi/runtime/names.ts';
import { WASI_FUNCTIONS } from '../../../src/contract/wasi.ts';
import type { PluginError } from '../../../src/errors.ts';
import { resolvePolicy } from '../../../src/host/policy/policy.ts';
import { WasiHost } from '../../../src/host/wasi/host.ts';
import type { HeaderFields } from '../../../src/host/wasi/http/fields.ts';
import type { HttpRequest } from '../../../src/host/wasi/http/outgoing-request.ts';
import type { HttpResponse } from '../../../src/host/wasi/http/outgoing-response.ts';
import type { HttpRequestOptions } from '../../../src/host/wasi/http/request-options.ts';
import { IoError } from '../../../src/host/wasi/io-error.ts';
import { Resource } from '../../../src/host/wasi/resource.ts';
import type { OutputStream } from '../../../src/host/wasi/streams.ts';
import { closeAll, sandbox, thrown, tree } from './sandbox.ts';

/** The methods of a WIT resource that a guest can call; {@link WASI_FUNCTIONS} keeps it from all others. */
const METHODS: ReadonlySet<string> = new Set(
  [...WASI_FUNCTIONS.values()]
    .flatMap((functions) => [...functions.keys()])
    .filter((name) => name.startsWith('[method]'))
    .map((name) => lowerCamel(name.split('.')[1]!)),
);

function methodsOf(resource: Resource): string[] {
  const found: string[] = [];
  for (let at = Object.getPrototypeOf(resource); at !== Resource.prototype; at = Object.getPrototypeOf(at)) {
    found.push(...Object.getOwnPropertyNames(at).filter((name) => METHODS.has(name)));
  }
  return found;
}

describe('resources', () => {
  afterEach(closeAll);

  it('count each call of a method as a call to the host', () => {
    const files = tree();
    const box = sandbox({ allowFsRead: [{ directory: files.granted, mount: '/data' }], maxHostCalls: 1000 });
    const http = box.interface<{
      Fields: new () => HeaderFields;
      OutgoingRequest: new (headers: HeaderFields) => HttpRequest;
      OutgoingResponse: new (headers: HeaderFields) => HttpResponse;
      RequestOptions: new () => HttpRequestOptions;
    }>('wasi:http/types');
    const directory = box.preopen('/data');
    const file = directory.openAt({}, 'file', {}, { read: true });
    const input = file.readViaStream(0n);
    const resources: Resource[] = [
      directory,
      file,
      input,
      input.subscribe(),
      directory.readDirectory(),
      box.interface<{ getStdout(): OutputStream }>('wasi:cli/stdout').getStdout(),
      new IoError(new WasiHost(resolvePolicy(), box.context), 'x'),
      new http.Fields(),
      new http.OutgoingRequest(new http.Fields()),
      new http.OutgoingRequest(new http.Fields()).body(),
      new http.OutgoingResponse(new http.Fields()),
      new http.RequestOptions(),
    ];
    while (box.context.hostCalls < 1000) box.context.hostCall();
    let methods = 0;
    for (const resource of resources) {
      for (const name of methodsOf(resource)) {
        methods++;
        const call = (resource as unknown as Record<string, () => void>)[name]!;
        const error = thrown(() => call.call(resource)) as PluginError;
        expect(error.code, `${resource.constructor.name}.${name}`).to.equal('ERR_HOST_CALL_LIMIT');
      }
    }
    expect(methods).to.be.above(90);
    files.remove();
  });
});
