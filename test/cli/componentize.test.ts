import { readFile } from 'node:fs/promises';
import { componentEmbed, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { expect } from 'chai';
import { Workplace } from './cli.ts';

/** A plugin for plugin-v1 whose answer shows what WASI 0.1 told it while it started: one character for each look. */
const WASI_01 = `(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "sixteen bytes!!!hello from 0.1\\0a")
  (global $ready (mut i32) (i32.const 0))
  ;; As of a runtime that has not come up: whoever needs memory before it has, gets a trap.
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (if (i32.eqz (global.get $ready)) (then unreachable))
    (i32.const 4096))
  (func $look (param $at i32) (param $good i32)
    (i32.store8 (local.get $at) (select (i32.const 0x79) (i32.const 0x6e) (local.get $good))))
  (func (export "_initialize")
    (drop (call $clock (i32.const 0) (i64.const 1) (i32.const 512)))
    ;; After 2020.
    (call $look (i32.const 1024) (i64.gt_u (i64.load (i32.const 512)) (i64.const 1577836800000000000)))
    (drop (call $clock (i32.const 1) (i64.const 1) (i32.const 512)))
    (call $look (i32.const 1025) (i64.gt_u (i64.load (i32.const 512)) (i64.const 0)))
    (drop (call $random (i32.const 520) (i32.const 11)))
    ;; One in 2^24 times these are zero.
    (call $look (i32.const 1026) (i32.ne (i32.load (i32.const 527)) (i32.const 0)))
    (call $look (i32.const 1027) (i32.eqz (i32.load8_u (i32.const 531))))
    (drop (call $args (i32.const 540) (i32.const 544)))
    (call $look (i32.const 1028) (i32.eqz (i32.load (i32.const 540))))
    (i32.store (i32.const 600) (i32.const 32)) (i32.store (i32.const 604) (i32.const 15))
    (drop (call $write (i32.const 2) (i32.const 600) (i32.const 1) (i32.const 608)))
    (call $look (i32.const 1029) (i32.eq (i32.load (i32.const 608)) (i32.const 15)))
    (call $look (i32.const 1030) (i32.eq (i32.const 8)
      (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0) (i64.const 0)
        (i32.const 0) (i32.const 560))))
    ;; What the adapter borrowed is as it was.
    (call $look (i32.const 1031) (i64.eq (i64.load (i32.const 16)) (i64.const 0x206e656574786973)))
    (global.set $ready (i32.const 1)))
  (func (export "toolsku:plugin-system/plugin-api-v1@1.0.0#process") (param i32 i32) (result i32)
    (i32.store (i32.const 640) (i32.const 1024)) (i32.store (i32.const 644) (i32.const 8)) (i32.const 640)))`;

describe('wasm-plugin-pool componentize', () => {
  const workplace = new Workplace();

  it('gives a module for WASI 0.1 clocks, random numbers and stderr before its memory can be allocated', async () => {
    await workplace.file('core.wasm', await parse(WASI_01));
    const made = await workplace.run(['componentize', 'core.wasm', 'plugin.wasm', '--world', 'plugin-v1']);
    expect(made).to.deep.include({ status: 0, stderr: '' });
    const { stdout, stderr } = await workplace.run(['run', 'plugin.wasm', '--input', '']);
    expect(stdout).to.equal('yyyyyyyy\n');
    expect(stderr).to.include('plugin: hello from 0.1');
  });

  it('takes a module that has its world embedded already', async () => {
    const witSource = await readFile(new URL('../../wit/plugin-system.wit', import.meta.url), 'utf8');
    await workplace.file('dummy.wasm', await componentEmbed({ witSource, world: 'plugin-v1', dummy: true }));
    const made = await workplace.run(['componentize', 'dummy.wasm', 'plugin.wasm', '--world', 'plugin-v1']);
    expect(made).to.deep.include({ status: 0, stderr: '' });
  });

  it('says which function is missing', async () => {
    await workplace.file('core.wasm', await parse('(module (memory (export "memory") 1))'));
    const { status, stderr } = await workplace.run(['componentize', 'core.wasm', 'plugin.wasm']);
    expect(status).to.equal(2);
    expect(stderr).to.match(
      /^error: The module does not fit the world plugin-world: .*initialize.*\(ERR_INCOMPATIBLE_WIT\)\n$/,
    );
  });

  it('refuses what is no core module', async () => {
    await workplace.file('text.wasm', 'text');
    const { status, stderr } = await workplace.run(['componentize', 'text.wasm', 'plugin.wasm']);
    expect(status).to.equal(2);
    expect(stderr).to.match(/^error: This is no core module: .*\(ERR_INVALID_COMPONENT\)\n$/);
  });
});
