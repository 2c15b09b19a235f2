import { type Guest, guest } from '../fixtures/core-plugin.ts';
import { plugin } from './wat.ts';

const WIT = `package local:geometry@1.0.0;

interface shapes {
  record point { x: f64, y: f64, label: option<string> }
  enum colour { red, dark-green }
  flags sides { left, right-hand }
  variant shape { dot, circle(f64), polygon(list<point>) }
  resource canvas { constructor(); width: func() -> u32; }
  type place = point;

  add: func(a: u32, b: u32) -> u32;
  divide: func(a: s32, b: s32) -> result<s32, string>;
  move: func(%from: point, by: f64) -> point;
  total: func(values: list<u32>) -> u64;
  paint: func(%in: shape, %with: colour, where: sides) -> tuple<bool, option<option<u8>>>;
  nothing: func();
  draw: func(on: borrow<canvas>);
  spin: func();
}

world geometry {
  export shapes;
  export version: func() -> string;
}`;

const SHAPES = 'local:geometry/shapes@1.0.0';

/** A component that is no plugin, and whose functions pass values of many types. */
export const geometry: Guest = guest(() =>
  plugin(
    `(module
      (import "[export]${SHAPES}" "[resource-new]canvas" (func $new (param i32) (result i32)))
      (import "[export]${SHAPES}" "[resource-drop]canvas" (func $drop (param i32)))
      (memory (export "memory") 2)
      (data (i32.const 64) "division by zero" "1.2.3")
      (global $heap (mut i32) (i32.const 4096))
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (global.set $heap (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
        (global.get $heap) (global.set $heap (i32.add (global.get $heap) (local.get 3))))
      (func (export "version") (result i32)
        (i32.store (i32.const 16) (i32.const 80)) (i32.store (i32.const 20) (i32.const 5)) (i32.const 16))
      (func (export "${SHAPES}#add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
      (func (export "${SHAPES}#divide") (param i32 i32) (result i32)
        (i32.store8 (i32.const 16) (i32.eqz (local.get 1)))
        (if (local.get 1)
          (then (i32.store (i32.const 20) (i32.div_s (local.get 0) (local.get 1))))
          (else (i32.store (i32.const 20) (i32.const 64)) (i32.store (i32.const 24) (i32.const 16))))
        (i32.const 16))
      (func (export "${SHAPES}#move")
        (param $x f64) (param $y f64) (param $labelled i32) (param $at i32) (param $size i32) (param $by f64) (result i32)
        (f64.store (i32.const 16) (f64.add (local.get $x) (local.get $by)))
        (f64.store (i32.const 24) (f64.add (local.get $y) (local.get $by)))
        (i32.store8 (i32.const 32) (local.get $labelled))
        (i32.store (i32.const 36) (local.get $at)) (i32.store (i32.const 40) (local.get $size))
        (i32.const 16))
      (func (export "${SHAPES}#total") (param $at i32) (param $count i32) (result i64) (local $sum i64)
        (block $done (loop $next
          (br_if $done (i32.eqz (local.get $count)))
          (local.set $sum (i64.add (local.get $sum) (i64.load32_u (local.get $at))))
          (local.set $at (i32.add (local.get $at) (i32.const 4)))
          (local.set $count (i32.sub (local.get $count) (i32.const 1)))
          (br $next)))
        (local.get $sum))
      ;; Whether it was a circle, dark green and on the right; and as a number which shape it was.
      (func (export "${SHAPES}#paint")
        (param $shape i32) (param $a i64) (param $b i32) (param $colour i32) (param $sides i32) (result i32)
        (i32.store8 (i32.const 16) (i32.and (i32.and (i32.eq (local.get $shape) (i32.const 1))
          (i32.eq (local.get $colour) (i32.const 1))) (i32.eq (local.get $sides) (i32.const 2))))
        (i32.store8 (i32.const 17) (i32.const 1)) (i32.store8 (i32.const 18) (i32.const 1))
        (i32.store8 (i32.const 19) (local.get $shape))
        (i32.const 16))
      (func (export "${SHAPES}#nothing"))
      (func (export "${SHAPES}#draw") (param i32))
      (func (export "${SHAPES}#spin") (loop $ever (br $ever)))
      (func (export "${SHAPES}#[constructor]canvas") (result i32) (call $new (i32.const 1)))
      (func (export "${SHAPES}#[method]canvas.width") (param i32) (result i32) (i32.const 640)))`,
    'geometry',
    WIT,
  ),
);
