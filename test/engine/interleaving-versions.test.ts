import { expect } from 'chai';
import { echo, lifecycle, misfits } from '../fixtures/guests.ts';
import { closeEngines, collect, createEngine } from '../support/engine.ts';
import { outcome, seeded, turn } from '../support/outcome.ts';

const NAMES = ['a', 'b'] as const;
const VERSIONS = ['v1', 'v2', 'v3', 'v4'] as const;
const OPERATIONS = 500;

/** With which codes each kind of call may fail, whatever else is going on. */
const ALLOWED = {
  load: ['ok', 'ERR_INVALID_ARGUMENT', 'ERR_NOT_A_COMPONENT', 'ERR_INITIALIZE_FAILED'],
  reload: ['ok', 'ERR_PLUGIN_NOT_FOUND', 'ERR_INVALID_ARGUMENT', 'ERR_NOT_A_COMPONENT', 'ERR_INITIALIZE_FAILED'],
  unload: ['ok', 'ERR_PLUGIN_NOT_FOUND'],
  grant: ['ok', 'ERR_INVALID_ARGUMENT'],
  'load version': [
    'ok',
    'ERR_PLUGIN_NOT_FOUND',
    'ERR_INVALID_ARGUMENT',
    'ERR_NOT_A_COMPONENT',
    'ERR_INITIALIZE_FAILED',
  ],
  'unload version': ['ok', 'ERR_PLUGIN_NOT_FOUND', 'ERR_INVALID_ARGUMENT'],
  deploy: ['ok', 'ERR_PLUGIN_NOT_FOUND', 'ERR_INVALID_ARGUMENT'],
  share: ['ok', 'ERR_PLUGIN_NOT_FOUND', 'ERR_NO_CANARY'],
  promote: ['ok', 'ERR_PLUGIN_NOT_FOUND', 'ERR_NO_CANARY'],
  rollback: ['ok', 'ERR_PLUGIN_NOT_FOUND', 'ERR_NO_CANARY'],
  process: ['ok', 'ERR_PLUGIN_NOT_FOUND'],
} as const;
type Kind = keyof typeof ALLOWED;

describe('versions that come, go and change places between requests', function () {
  this.timeout(120_000);
  after(closeEngines);

  const succeeded = new Set<Kind>();

  for (const seed of [1, 2, 3, 4]) {
    it(`lose no request, and each instance is shut down once (seed ${seed})`, async () => {
      const random = seeded(seed);
      const engine = await createEngine({ threads: 2, keepWarmMs: random.pick([0, 5, 100_000]) });
      const logs = collect(engine, 'plugin:log');
      const events = collect(engine, 'plugin:event');
      const terminated = collect(engine, 'worker:terminated');
      const sources = await Promise.all(
        [echo, echo, echo, echo, lifecycle.initializeErrs, misfits.garbage].map((one) => one()),
      );
      const kinds: Kind[] = [];
      const outcomes: Promise<string>[] = [];
      const call = (kind: Kind, run: () => unknown): void => {
        kinds.push(kind);
        outcomes.push(outcome((async () => run())()));
      };
      const options = () => {
        const version = random.pick(VERSIONS);
        return { version, config: { prefix: `${version}:` } };
      };
      /** What is asked of a version is answered by that version. */
      const request = async (name: string, n: number): Promise<void> => {
        const requestId = `${seed}-${n}`;
        const details = engine.getPlugin(name);
        const version = random.below(3) === 0 ? random.pick(VERSIONS) : undefined;
        const isThere = version === undefined || details?.versions.some((one) => one.version === version);
        const expected = version ?? (details?.stable && engine.versions(name).route(requestId));
        const { output } = await engine.process(name, { input: 'x' }, { requestId, ...(version && { version }) });
        expect([output, isThere]).to.deep.equal([`${expected}:x`, true]);
      };
      for (let i = 0; i < OPERATIONS; i++) {
        const name = random.pick(NAMES);
        // Requests that find no plugin, or one that is leaving, are answered at once.
        const isServing = engine.listPlugins().some((plugin) => plugin.name === name);
        const versions = () => engine.versions(name);
        const source = random.pick(sources);
        const standby = engine.getPlugin(name)?.versions.filter(({ role }) => role === 'standby') ?? [];
        const chosen = standby.length > 0 && random.below(2) ? random.pick(standby).version : random.pick(VERSIONS);
        const kind = random.pick(Object.keys(ALLOWED) as Kind[]);
        if (kind === 'load') call(kind, () => engine.loadPlugin(name, source, options()));
        else if (kind === 'reload') call(kind, () => engine.reloadPlugin(name, source, options()));
        else if (kind === 'unload' && random.below(3) === 0) call(kind, () => engine.unloadPlugin(name));
        else if (kind === 'grant' && random.below(3) === 0)
          call(kind, () =>
            random.below(2) === 0
              ? engine.capabilities.grant(name, 'env', { name: 'LANG' })
              : engine.capabilities.revoke(name, 'env'),
          );
        else if (kind === 'load version') call(kind, () => versions().load(source, options()));
        else if (kind === 'unload version') call(kind, () => versions().unload(chosen));
        else if (kind === 'deploy') call(kind, () => versions().deployCanary(chosen, random.below(101)));
        else if (kind === 'share') call(kind, () => versions().setCanaryPercentage(random.below(101)));
        else if (kind === 'promote') call(kind, () => versions().promoteCanary());
        else if (kind === 'rollback') call(kind, () => versions().rollback());
        for (let requests = isServing ? random.below(6) : 0; requests > 0; requests--)
          call('process', () => request(name, kinds.length));
        for (const plugin of NAMES) {
          const details = engine.getPlugin(plugin);
          const roles = details?.versions.map(({ role }) => role) ?? [];
          if (details?.state === 'active') expect(roles.filter((role) => role === 'stable')).to.have.length(1);
          expect(roles.filter((role) => role === 'canary')).to.have.length(details?.canary === undefined ? 0 : 1);
        }
        if (random.below(3) === 0) await turn();
        if (random.below(10) === 0) await outcomes[random.below(outcomes.length)];
      }
      const seen = await Promise.all(outcomes);
      const misfit = seen.flatMap((code, i) =>
        (ALLOWED[kinds[i]!] as readonly string[]).includes(code) ? [] : [`${kinds[i]}: ${code}`],
      );
      expect(misfit).to.deep.equal([]);
      for (const [i, code] of seen.entries()) if (code === 'ok') succeeded.add(kinds[i]!);

      await engine.close();
      expect(terminated).to.deep.equal([]);
      expect(engine.status()).to.deep.equal({
        queued: 0,
        outstandingBytes: 0,
        threads: { starting: 0, idle: 0, busy: 0, ending: 0, stuck: 0 },
        plugins: 0,
        sessions: 0,
      });
      const begun = logs.filter(({ message }) => message === 'initialized').length;
      expect(events.filter(({ type }) => type === 'shutdown').length).to.equal(begun);
    });
  }

  it('do all of it with success in some of these runs', () => {
    expect([...succeeded]).to.have.members(Object.keys(ALLOWED));
  });
});
