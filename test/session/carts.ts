import { wired } from '../canonical-abi/runtime/support/wired.ts';

/** The interface of {@link cartsComponent}. */
export const CARTS = 'acme:app/carts@1.0.0';

/** What {@link cartsComponent} exports, as `types --guest` would write it. */
interface Cart extends Disposable {
  add(more: number): { tag: 'ok'; val: number } | { tag: 'err'; val: string };
  total(): number;
  spin(): void;
  trap(): void;
}
export interface Carts {
  [CARTS]: {
    Cart: {
      new (limit: number): Cart;
      merge(a: Cart, b: Cart): Cart;
    };
    sum(carts: Cart[]): number;
    some(count: number): Cart[];
    half(cart: Cart): { tag: 'ok'; val: Cart } | { tag: 'err'; val: Cart };
    alive(): number;
    bomb(): Cart;
    two(a: Cart, b: Cart): void;
  };
}

const WIT = `package acme:app@1.0.0;
interface carts {
  resource cart {
    constructor(limit: u32);
    add: func(more: u32) -> result<u32, string>;
    total: func() -> u32;
    merge: static func(a: cart, b: cart) -> cart;
    spin: func();
    trap: func();
  }
  resource token {}
  sum: func(carts: list<borrow<cart>>) -> u32;
  some: func(count: u32) -> list<cart>;
  half: func(c: cart) -> result<cart, cart>;
  alive: func() -> u32;
  bomb: func() -> cart;
  two: func(a: cart, b: borrow<cart>);
  issue: func() -> token;
}
world test { export carts; }`;

/**
 * Carts that hold a limit and a total. `some` makes several, `bomb` one whose destructor traps, `half` gives an odd one back as an
 * error, and `alive` tells how many there are.
 */
export function cartsComponent(): Promise<Uint8Array> {
  const api = (name: string, rest: string): string => `(func (export "${CARTS}#${name}") ${rest})`;
  return wired(
    `(module
      (import "[export]${CARTS}" "[resource-new]cart" (func $new (param i32) (result i32)))
      (import "[export]${CARTS}" "[resource-rep]cart" (func $rep (param i32) (result i32)))
      (import "[export]${CARTS}" "[resource-drop]cart" (func $drop (param i32)))
      (import "[export]${CARTS}" "[resource-new]token" (func $new-token (param i32) (result i32)))
      (memory (export "memory") 16)
      (data (i32.const 16) "over the limit")
      (global $next (mut i32) (i32.const 1024))
      (global $alive (mut i32) (i32.const 0))
      (func $alloc (param $size i32) (result i32) (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
        (global.set $next (i32.add (local.get $at) (local.get $size)))
        (local.get $at))
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (call $alloc (local.get 3)))
      (func $cart (param $limit i32) (result i32) (local $at i32)
        (local.set $at (call $alloc (i32.const 8)))
        (i32.store (local.get $at) (local.get $limit))
        (i32.store offset=4 (local.get $at) (i32.const 0))
        (global.set $alive (i32.add (global.get $alive) (i32.const 1)))
        (local.get $at))
      ${api('[constructor]cart', '(param i32) (result i32) (call $new (call $cart (local.get 0)))')}
      ${api(
        '[method]cart.add',
        `(param $self i32) (param $more i32) (result i32) (local $sum i32)
        (local.set $sum (i32.add (i32.load offset=4 (local.get $self)) (local.get $more)))
        (if (i32.gt_u (local.get $sum) (i32.load (local.get $self)))
          (then
            (i32.store (i32.const 0) (i32.const 1))
            (i32.store (i32.const 4) (i32.const 16))
            (i32.store (i32.const 8) (i32.const 14)))
          (else
            (i32.store offset=4 (local.get $self) (local.get $sum))
            (i32.store (i32.const 0) (i32.const 0))
            (i32.store (i32.const 4) (local.get $sum))))
        (i32.const 0)`,
      )}
      ${api('[method]cart.total', '(param i32) (result i32) (i32.load offset=4 (local.get 0))')}
      ${api('[method]cart.spin', '(param i32) (loop $on (br $on))')}
      ${api('[method]cart.trap', '(param i32) unreachable')}
      ${api(
        '[static]cart.merge',
        `(param $a i32) (param $b i32) (result i32) (local $c i32)
        (local.set $c (call $cart (i32.const 1000)))
        (i32.store offset=4 (local.get $c)
          (i32.add (i32.load offset=4 (call $rep (local.get $a))) (i32.load offset=4 (call $rep (local.get $b)))))
        (call $drop (local.get $a))
        (call $drop (local.get $b))
        (call $new (local.get $c))`,
      )}
      ${api(
        'sum',
        `(param $list i32) (param $count i32) (result i32) (local $sum i32)
        (block $done (loop $more
          (br_if $done (i32.eqz (local.get $count)))
          (local.set $sum (i32.add (local.get $sum) (i32.load offset=4 (i32.load (local.get $list)))))
          (local.set $list (i32.add (local.get $list) (i32.const 4)))
          (local.set $count (i32.sub (local.get $count) (i32.const 1)))
          (br $more)))
        (local.get $sum)`,
      )}
      ${api(
        'some',
        `(param $count i32) (result i32) (local $list i32) (local $at i32)
        (local.set $list (call $alloc (i32.mul (local.get $count) (i32.const 4))))
        (i32.store (i32.const 0) (local.get $list))
        (i32.store (i32.const 4) (local.get $count))
        (block $done (loop $more
          (br_if $done (i32.eq (local.get $at) (local.get $count)))
          (i32.store (i32.add (local.get $list) (i32.mul (local.get $at) (i32.const 4))) (call $new (call $cart (i32.const 9))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $more)))
        (i32.const 0)`,
      )}
      ${api(
        'half',
        `(param $c i32) (result i32)
        (i32.store (i32.const 0) (i32.and (i32.load offset=4 (call $rep (local.get $c))) (i32.const 1)))
        (i32.store (i32.const 4) (local.get $c))
        (i32.const 0)`,
      )}
      ${api('alive', '(result i32) (global.get $alive)')}
      ${api('bomb', '(result i32) (local $c i32) (local.set $c (call $cart (i32.const 0xdead))) (call $new (local.get $c))')}
      ${api('two', '(param i32 i32) (call $drop (local.get 0))')}
      ${api('issue', '(result i32) (call $new-token (i32.const 7))')}
      ${api(
        '[dtor]cart',
        `(param i32)
        (if (i32.eq (i32.load (local.get 0)) (i32.const 0xdead)) (then unreachable))
        (global.set $alive (i32.sub (global.get $alive) (i32.const 1)))`,
      )}
      ${api('[dtor]token', '(param i32)')})`,
    WIT,
  );
}
