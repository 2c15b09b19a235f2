import { expect } from 'chai';
import { PluginError } from '../../src/errors.ts';
import { WitError } from '../../src/host/wit-error.ts';
import { Tap } from '../../src/recording/tap.ts';
import type { HostCallEntry, TapeMessage, TapeOrder } from '../../src/recording/tape.ts';
import { Resources } from '../../src/recording/values.ts';
import { thrown } from '../support/outcome.ts';

const RECORD: TapeOrder = { kind: 'record', maxBytes: 10_000 };

/** What an instance would see of a host. */
interface Host {
  'acme:store/kv': {
    get(key: string): string | undefined;
    Bucket: { new (name: string): object; open(name: string): object; prototype: object };
  };
}

class Bucket {
  readonly #name: string;
  constructor(name: string) {
    this.#name = name;
  }
  static open(name: string): Bucket {
    return new Bucket(name);
  }
  size(): bigint {
    if (this.#name === 'gone') throw new WitError('no such bucket');
    return BigInt(this.#name.length);
  }
}

const HOST = {
  'acme:store/kv': {
    get(key: string): string | undefined {
      if (key === 'limit') throw new PluginError('ERR_HOST_CALL_LIMIT', 'Too many');
      if (key === 'stream') return new ReadableStream() as never;
      if (key === 'itself') return circular();
      if (key === 'payload') throw new WitError(() => {});
      return key === 'a' ? 'value of a' : undefined;
    },
    Bucket,
  },
};

/** What a function of an embedder's may give beside what its type says. */
function circular(): never {
  const value: Record<string, unknown> = {};
  value.parent = value;
  return value as never;
}

const NEEDED = {
  name: 'acme:store/kv',
  kind: 'interface',
  functions: ['get', '[constructor]bucket', '[static]bucket.open', '[method]bucket.size'],
} as const;

function recording(use: (host: Host, tap: Tap) => void, order: TapeOrder = RECORD): TapeMessage[] {
  const said: TapeMessage[] = [];
  const tap = new Tap(order, (text) => said.push(JSON.parse(text)) > 0);
  const imports = tap.imports(order.kind === 'record' ? HOST : {}, order.kind === 'record' ? [] : [NEEDED]);
  use(imports as unknown as Host, tap);
  return said;
}

const callsOf = (said: readonly TapeMessage[]): HostCallEntry[] =>
  said.flatMap((message) => (message.kind === 'call' ? [message.entry] : []));

/** As the runtime calls methods: that of the class that it was given, with what a handle stands for. */
function sizeOf({ Bucket }: Host['acme:store/kv'], bucket: object): bigint {
  return (Bucket.prototype as { size(): bigint }).size.call(bucket);
}

function session({ 'acme:store/kv': kv }: Host): unknown[] {
  const bucket = new kv.Bucket('four');
  return [kv.get('a'), kv.get('b'), sizeOf(kv, bucket), sizeOf(kv, kv.Bucket.open('three')), sizeOf(kv, bucket)];
}

describe('the tap of an instance', () => {
  it('records the calls of a request, and answers them again without the host', () => {
    let before: unknown[] = [];
    const said = recording((host, tap) => {
      host['acme:store/kv'].get('a');
      tap.started();
      host['acme:store/kv'].get('not recorded: no request has begun');
      tap.begins();
      before = session(host);
    });
    const begins = said[0] as Extract<TapeMessage, { kind: 'begins' }>;
    expect(begins).to.deep.include({ kind: 'begins', served: 0 });
    expect(begins.start.map(({ name }) => name)).to.deep.equal(['acme:store/kv#get']);
    const calls = callsOf(said);
    expect(calls.map(({ name }) => name)).to.deep.equal([
      'acme:store/kv#Bucket',
      'acme:store/kv#get',
      'acme:store/kv#get',
      'acme:store/kv#Bucket.size',
      'acme:store/kv#Bucket.open',
      'acme:store/kv#Bucket.size',
      'acme:store/kv#Bucket.size',
    ]);
    const played = recording(
      (host, tap) => {
        host['acme:store/kv'].get('a');
        tap.started();
        tap.begins();
        expect(session(host)).to.deep.equal(before);
      },
      { kind: 'play', tape: { start: begins.start, calls }, maxBytes: 10_000 },
    );
    expect(callsOf(played)).to.deep.equal(calls);
  });

  it('plays errs and faults as what they were', () => {
    const misuse = ({ 'acme:store/kv': kv }: Host): unknown[] => {
      const errors: unknown[] = [];
      for (const call of [() => sizeOf(kv, new kv.Bucket('gone')), () => kv.get('limit')]) {
        try {
          call();
        } catch (error) {
          errors.push(error);
        }
      }
      return errors;
    };
    const said = recording((host, tap) => {
      tap.started();
      tap.begins();
      misuse(host);
    });
    recording(
      (host, tap) => {
        tap.started();
        tap.begins();
        const [err, fault] = misuse(host) as [WitError<unknown>, PluginError];
        expect(err.payload).to.equal('no such bucket');
        expect(fault).to.be.instanceOf(PluginError);
        expect(fault.code).to.equal('ERR_HOST_CALL_LIMIT');
      },
      { kind: 'play', tape: { start: [], calls: callsOf(said) }, maxBytes: 10_000 },
    );
  });

  it('says where a played request does another thing', () => {
    const calls = callsOf(
      recording((host, tap) => {
        tap.started();
        tap.begins();
        host['acme:store/kv'].get('a');
      }),
    );
    recording(
      (host, tap) => {
        tap.started();
        tap.begins();
        const other = thrown(() => host['acme:store/kv'].get('b'));
        expect(other.message).to.equal(
          'Call 1 to the host is acme:store/kv#get("b"), and the recording has acme:store/kv#get("a") there',
        );
        tap.begins();
        host['acme:store/kv'].get('a');
        expect(thrown(() => host['acme:store/kv'].get('a')).message).to.match(/the recording has no further call$/);
      },
      { kind: 'play', tape: { start: [], calls }, maxBytes: 10_000 },
    );
  });

  it('says from where on calls are missing: past its bytes, what cannot be recorded, and where nobody listens', () => {
    const gapOf = (said: readonly TapeMessage[]): string[] =>
      said.flatMap((message) => (message.kind === 'gap' ? [message.why] : []));
    const many = recording((host, tap) => {
      tap.started();
      tap.begins();
      for (let call = 0; call < 1000; call++) host['acme:store/kv'].get('a');
      tap.begins();
      host['acme:store/kv'].get('a');
    });
    expect(gapOf(many)).to.deep.equal(['they have more than 10000 bytes']);
    expect(many.at(-1)).to.deep.include({ kind: 'call' });
    const stream = recording((host, tap) => {
      tap.started();
      tap.begins();
      host['acme:store/kv'].get('stream');
      host['acme:store/kv'].get('a');
    });
    expect(gapOf(stream)).to.deep.equal(['acme:store/kv#get passes a stream or a future']);
    expect(callsOf(stream)).to.deep.equal([]);

    for (const key of ['itself', 'payload']) {
      const strange = recording((host, tap) => {
        tap.started();
        tap.begins();
        let ends: unknown;
        try {
          ends = host['acme:store/kv'].get(key);
        } catch (error) {
          ends = error;
        }
        expect(ends).to.have.property(key === 'itself' ? 'parent' : 'payload');
      });
      expect(gapOf(strange), key).to.have.length(1);
    }

    const said: TapeMessage[] = [];
    const deaf = new Tap(RECORD, (text) => !text.startsWith('{"kind":"call"') && said.push(JSON.parse(text)) > 0);
    const host = deaf.imports(HOST, []) as unknown as Host;
    deaf.started();
    deaf.begins();
    expect(host['acme:store/kv'].get('a')).to.equal('value of a');
    expect(gapOf(said)).to.have.length(1);
  });

  it('says so where the calls by which the instance came up are more than can be told at once', () => {
    const said: TapeMessage[] = [];
    const tap = new Tap(RECORD, (text) => text.length < 1000 && said.push(JSON.parse(text)) > 0);
    const host = tap.imports(HOST, []) as unknown as Host;
    for (let call = 0; call < 20; call++) host['acme:store/kv'].get('a');
    tap.started();
    tap.begins();
    host['acme:store/kv'].get('a');
    expect(said).to.have.length(1);
    expect(said[0]).to.deep.include({ kind: 'begins', start: [], served: 0 }).and.to.have.property('gap');
  });

  it('holds nothing of what it records', () => {
    const [numbers, played] = [new Resources('record'), new Resources('play')];
    const first = numbers.numberOf({});
    expect(numbers.withNumber(first)).not.to.equal(numbers.withNumber(first));
    expect(played.withNumber(57)).to.equal(played.withNumber(57));
    expect(played.numberOf({})).to.equal(58);
  });
});
