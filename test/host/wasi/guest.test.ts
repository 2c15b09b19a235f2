import { readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Exit } from '../../../src/host/wasi/exit.ts';
import { wasi as wasiGuest } from '../../fixtures/guests.ts';
import { type PluginApi, transpiled } from '../../guests/glue.ts';
import { filesGuest } from './files-guest.ts';
import { closeAll, type Sandbox, sandbox, type Tree, thrown, tree } from './sandbox.ts';

type Instantiate = Awaited<ReturnType<typeof transpiled>>;

describe('a real guest on the WASI host', () => {
  afterEach(closeAll);

  describe('that reads files', () => {
    let instantiate: Instantiate;
    let files: Tree;
    let box: Sandbox;
    let cat: (path: string) => string;

    before(async () => {
      instantiate = await transpiled(await filesGuest());
    });

    beforeEach(() => {
      files = tree();
      symlinkSync('../outside/secret', join(files.granted, 'escape'));
      box = sandbox({ allowFsRead: [{ directory: files.granted, mount: '/data' }] });
      cat = instantiate({ ...box.wasi.imports }).cat as typeof cat;
    });

    afterEach(() => files.remove());

    it('gets what is granted, and its output is captured', () => {
      expect(cat('sub/file')).to.equal('inside');
      box.wasi.flush();
      expect(box.said).to.deep.equal([{ kind: 'log', level: 'info', message: 'inside' }]);
    });

    it('gets the errors of the interface', () => {
      // Places in the enum `error-code`.
      const places = { 'no-entry': 20, 'not-permitted': 31, 'is-directory': 14 };
      const failure = (path: string): unknown => (thrown(() => cat(path)) as { payload: unknown }).payload;
      expect(failure('none')).to.equal(places['no-entry']);
      expect(failure('../outside/secret')).to.equal(places['not-permitted']);
      expect(failure('escape')).to.equal(places['not-permitted']);
      expect(failure('/etc/passwd')).to.equal(places['not-permitted']);
    });

    it('leaves nothing open that it drops', () => {
      cat('file');
      const before = readdirSync('/proc/self/fd').length;
      // Four resources a call: more than an instance may hold.
      for (let call = 0; call < 1500; call++) {
        box.context.begin();
        cat('file');
      }
      expect(readdirSync('/proc/self/fd').length).to.equal(before);
    });
  });

  describe('that uses clocks, output and exit', () => {
    let instantiate: Instantiate;

    before(async () => {
      instantiate = await transpiled(await wasiGuest());
    });

    const start = (box: Sandbox): ((input: string) => string) => {
      const host = { logMessage() {}, getConfig() {}, emitEvent() {} };
      const { process } = instantiate({ ...box.wasi.imports, 'toolsku:plugin-system/host-api': host })
        .pluginApi as PluginApi;
      return (input) => process({ input, options: [] }).output;
    };

    it('sleeps, sees its own environment and prints', () => {
      const box = sandbox({}, { environment: [['MODE', 'x']] });
      const process = start(box);
      const before = performance.now();
      process('sleep 20');
      expect(performance.now() - before).to.be.at.least(19);
      expect(process('environment')).to.equal('1');
      expect(process('print hello')).to.equal('0');
      box.wasi.flush();
      expect(box.said).to.deep.equal([{ kind: 'log', level: 'info', message: 'hello' }]);
    });

    it('ends its call by exit, through the glue', () => {
      const process = start(sandbox());
      expect(thrown(() => process('exit 0')))
        .to.be.instanceOf(Exit)
        .with.property('status', 0);
      expect(thrown(() => start(sandbox())('exit 3')))
        .to.be.instanceOf(Exit)
        .with.property('status', 1);
    });

    it('is stopped at its limit of host calls, through the glue', () => {
      const process = start(sandbox({ maxHostCalls: 2 }));
      expect(thrown(() => [process('environment'), process('environment'), process('environment')])).to.have.property(
        'code',
        'ERR_HOST_CALL_LIMIT',
      );
    });
  });
});
