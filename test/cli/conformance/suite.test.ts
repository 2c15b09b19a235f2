import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { expect } from 'chai';
import { checkShutdown } from '../../../src/cli/conformance/checks/shutdown.ts';
import type { CheckName, Finding, Outcome } from '../../../src/cli/conformance/finding.ts';
import { Subject } from '../../../src/cli/conformance/subject.ts';
import { componentize } from '../../../src/componentize/componentize.ts';
import { PluginEngine } from '../../../src/engine.ts';
import { type CoreParts, corePlugin, type Guest } from '../../fixtures/core-plugin.ts';
import { echo, lifecycle, misfits, wasi, worlds } from '../../fixtures/guests.ts';
import type { Literals } from '../../fixtures/literals.ts';
import { plugin } from '../../support/wat.ts';
import { analyzed, conformance, DEFAULTS, type Options } from './conformance.ts';

/** The checks that ended in a way, in their order. */
const those = (findings: readonly Finding[], status: Finding['status']): CheckName[] =>
  findings.filter((finding) => finding.status === status).map(({ check }) => check);

const faulty = async (parts: (text: Literals) => CoreParts, options?: Options): Promise<Finding[]> =>
  conformance(await plugin(corePlugin(parts)), options);

const found = (findings: readonly Finding[], check: CheckName): Finding =>
  findings.find((finding) => finding.check === check)!;

/** Answers with 16 random letters. */
const RANDOM = `(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (drop (memory.grow (i32.shr_u (local.get 3) (i32.const 16))))
    (i32.const 1024))
  (func (export "toolsku:plugin-system/plugin-api-v1@1.0.0#process") (param i32 i32) (result i32) (local $at i32)
    (drop (call $random (i32.const 512) (i32.const 16)))
    (loop $next
      (i32.store8 offset=512 (local.get $at)
        (i32.add (i32.const 65) (i32.and (i32.load8_u offset=512 (local.get $at)) (i32.const 15))))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.const 16))))
    (i32.store (i32.const 16) (i32.const 512)) (i32.store (i32.const 20) (i32.const 16)) (i32.const 16)))`;

describe('the conformance suite', function () {
  this.timeout(120_000);

  const OBEDIENT: Readonly<Record<string, readonly [Guest, skipped: CheckName[]]>> = {
    echo: [echo, []],
    wasi: [wasi, []],
    'with an unversioned package': [worlds.unversioned, []],
    'of a later minor version': [worlds.laterMinor, []],
    'without host-api': [worlds.withoutHostApi, []],
    'with an export of its own': [worlds.extraExport, []],
  };
  for (const [name, [guest, skipped]] of Object.entries(OBEDIENT)) {
    it(`finds nothing wrong with the guest ${name}`, async () => {
      const findings = await conformance(await guest());
      expect(those(findings, 'failed')).to.deep.equal([]);
      expect(those(findings, 'warned')).to.deep.equal([]);
      expect(those(findings, 'skipped')).to.deep.equal(skipped);
    });
  }

  it('takes plugins for the small worlds, and sees that one of them traps', async () => {
    const v1 = await conformance(await worlds.pluginV1());
    expect(those(v1, 'skipped')).to.deep.equal(['metadata']);
    expect(those(v1, 'failed')).to.deep.equal(['odd-input']);
    expect(found(v1, 'odd-input').details).to.deep.equal(['"": The plugin trapped: unreachable (ERR_TRAP)']);
    // It wants an option.
    const v2 = await conformance(await worlds.pluginV2());
    expect(those(v2, 'failed')).to.deep.equal([]);
    expect(those(v2, 'warned')).to.deep.equal(['answers']);
    const samples = [{ input: 'text', options: { any: '' } }];
    expect(those(await conformance(await worlds.pluginV2(), { samples }), 'warned')).to.deep.equal([]);
  });

  it('stops at a plugin that does not fit the contract, or does not start', async () => {
    const misfit = await conformance(await misfits.wrongFieldType());
    expect(those(misfit, 'failed')).to.deep.equal(['contract']);
    expect(those(misfit, 'skipped')).to.have.length(11);
    const dead = await conformance(await lifecycle.initializeTraps());
    expect(those(dead, 'failed')).to.deep.equal(['start']);
    expect(found(dead, 'start').details?.[0]).to.match(/^ERR_INITIALIZE_FAILED: .*unreachable/);
  });

  it('sees state that one request leaves for the next', async () => {
    // It answers with what the request before it was.
    const findings = await faulty(() => ({
      definitions: '(global $before (mut i32) (i32.const 0))',
      process: `(i32.store8 (i32.const 7000) (i32.add (i32.const 65) (global.get $before)))
        (global.set $before (i32.rem_u (local.get $n) (i32.const 26)))
        (call $ok (i32.const 7000) (i32.const 1))`,
    }));
    expect(those(findings, 'failed')).to.deep.equal(['no-state']);
    expect(found(findings, 'no-state').details?.[0]).to.match(/^"Hello, World!": "A" at first, "\w" later$/);
    const disclaimed = await faulty(() => ({}), { disclaims: new Set(['no-state']) });
    expect(found(disclaimed, 'no-state').status).to.equal('skipped');
  });

  it('sees answers that differ from instance to instance', async () => {
    const random = await componentize(await parse(RANDOM), { world: 'plugin-v1' });
    const findings = await conformance(random);
    // It also answers from beyond its memory when it cannot grow.
    expect(those(findings, 'failed')).to.deep.equal(['stable-output', 'memory-limit']);
    expect(found(findings, 'no-state').summary).to.equal('its answers differ anyway');
    const disclaimed = await conformance(random, { disclaims: new Set(['stable-output', 'no-state']) });
    expect(found(disclaimed, 'stable-output').summary).to.equal('it claims none (--unstable)');
    expect(those(disclaimed, 'skipped')).to.deep.equal(['metadata', 'stable-output', 'no-state']);
  });

  it('sees memory that grows with every request', async () => {
    const findings = await faulty(() => ({ postProcess: '' }), { calls: 40_000 });
    expect(found(findings, 'memory-flat').status).to.equal('failed');
    expect(found(findings, 'memory-flat').summary).to.match(/^grows with every request: .* about \d+ bytes a call$/);
  });

  it('sees an instance that ends now and then', async () => {
    const findings = await faulty(() => ({
      definitions: '(global $left (mut i32) (i32.const 500))',
      process: `(global.set $left (i32.sub (global.get $left) (i32.const 1)))
        (if (i32.eqz (global.get $left)) (then unreachable))
        (call $ok (local.get $p) (local.get $n))`,
    }));
    expect(those(findings, 'failed')).to.deep.equal(['memory-flat']);
    expect(found(findings, 'memory-flat').details?.[0]).to.include('ERR_TRAP');
  });

  it('sees odd input that traps, and names it', async () => {
    const findings = await faulty(() => ({
      process: '(if (i32.eqz (local.get $n)) (then unreachable)) (call $ok (local.get $p) (local.get $n))',
    }));
    expect(those(findings, 'failed')).to.deep.equal(['odd-input']);
    expect(found(findings, 'odd-input').details).to.deep.equal(['"": The plugin trapped: unreachable (ERR_TRAP)']);
  });

  it('sees a configuration that traps, and takes one that is refused', async () => {
    const traps = await faulty(() => ({
      initialize: '(if (i32.gt_u (local.get $n) (i32.const 10)) (then unreachable)) (call $done)',
    }));
    expect(those(traps, 'failed')).to.deep.equal(['odd-config']);
    const refuses = await faulty((text) => ({
      initialize: `(if (i32.gt_u (local.get $n) (i32.const 10)) (then (return (call $refuse ${text.at('too many')}))))
        (call $done)`,
    }));
    expect(found(refuses, 'odd-config').summary).to.equal('started with 4 odd configurations, refused 1');
  });

  it('warns of a plugin that traps when the host refuses to log', async () => {
    const findings = await faulty((text) => ({
      initialize: `(if (call $log ${text.at('info')} ${text.at('hello')}) (then unreachable)) (call $done)`,
    }));
    expect(those(findings, 'warned')).to.deep.equal(['refusals']);
    expect(found(findings, 'refusals').details?.[0]).to.match(/^when its log messages and events are refused: /);
  });

  it('sees a shutdown that does not end in order', async () => {
    const ends = async (guest: Guest): Promise<Outcome> => {
      const engine = await PluginEngine.create({ threads: 1 });
      try {
        const sandbox = { cpuTimeLimitMs: 200 };
        return await checkShutdown(new Subject(engine, { ...DEFAULTS, ...analyzed(await guest()), sandbox }));
      } finally {
        await engine.close();
      }
    };
    expect(await ends(lifecycle.shutdownErrs)).to.deep.include({ status: 'failed', details: ['still busy'] });
    expect((await ends(lifecycle.shutdownTraps)).details?.[0]).to.match(
      /^PluginError: The plugin trapped: unreachable/,
    );
    expect((await ends(lifecycle.shutdownSpins)).details).to.deep.equal(['it was ended (ERR_CPU_TIME_LIMIT)']);
    expect(await ends(lifecycle.shutdownEmits)).to.deep.equal({ status: 'passed', summary: 'ends in order' });
  });
});
