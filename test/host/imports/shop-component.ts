import { component } from '../../support/wat.ts';

/**
 * A component that passes on what it imports from `acme:shop/api`: `twice`, `greet`, `half`, `misfit`, and a count with a
 * resource.
 *
 * @param version Of the interface, as it asks for it.
 * @param what `numbers` has `twice` alone, and `many`, which calls it so many times.
 */
export function shopComponent(version = '@1.0.0', what: 'all' | 'numbers' = 'all'): Promise<Uint8Array> {
  return component(what === 'all' ? all(version) : numbers(version));
}

const numbers = (version: string): string => `(component
    (import "acme:shop/api${version}" (instance $api (export "twice" (func (param "x" u32) (result u32)))))
    (core func $twice (canon lower (func $api "twice")))
    (core module $m
      (import "" "twice" (func $twice (param i32) (result i32)))
      (func (export "many") (param i32) (result i32)
        (loop $more
          (drop (call $twice (i32.const 1)))
          (br_if $more (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (i32.const 0)))
    (core instance $i (instantiate $m (with "" (instance (export "twice" (func $twice))))))
    (func (export "many") (param "times" u32) (result u32) (canon lift (core func $i "many"))))`;

const all = (version: string): string => `(component
    (import "acme:shop/api${version}" (instance $api
      (export "counter" (type $counter (sub resource)))
      (export "twice" (func (param "x" u32) (result u32)))
      (export "greet" (func (param "name" string) (result string)))
      (export "half" (func (param "x" u32) (result (result u32 (error string)))))
      (export "misfit" (func (param "kind" u32) (result u32)))
      (export "[constructor]counter" (func (param "start" u32) (result (own $counter))))
      (export "[method]counter.add" (func (param "self" (borrow $counter)) (param "more" u32) (result u32)))
      (export "[static]counter.alive" (func (result u32)))))
    (alias export $api "counter" (type $counter'))
    (core module $libc (memory (export "memory") 1)
      (global $next (mut i32) (i32.const 1024))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
        (global.set $next (i32.add (local.get $at) (local.get 3)))
        (local.get $at)))
    (core instance $libc (instantiate $libc))
    (alias core export $libc "memory" (core memory $memory))
    (alias core export $libc "realloc" (core func $realloc))
    (core func $twice (canon lower (func $api "twice")))
    (core func $greet (canon lower (func $api "greet") (memory $memory) (realloc $realloc)))
    (core func $half (canon lower (func $api "half") (memory $memory) (realloc $realloc)))
    (core func $misfit (canon lower (func $api "misfit")))
    (core func $new (canon lower (func $api "[constructor]counter")))
    (core func $add (canon lower (func $api "[method]counter.add")))
    (core func $alive (canon lower (func $api "[static]counter.alive")))
    (core func $drop (canon resource.drop $counter'))
    (core module $m
      (import "" "memory" (memory 1))
      (import "" "twice" (func $twice (param i32) (result i32)))
      (import "" "greet" (func $greet (param i32 i32 i32)))
      (import "" "half" (func $half (param i32 i32)))
      (import "" "misfit" (func $misfit (param i32) (result i32)))
      (import "" "new" (func $new (param i32) (result i32)))
      (import "" "add" (func $add (param i32 i32) (result i32)))
      (import "" "alive" (func $alive (result i32)))
      (import "" "drop" (func $drop (param i32)))
      (func (export "twice") (param i32) (result i32) (call $twice (local.get 0)))
      (func (export "many") (param i32) (result i32)
        (loop $more
          (drop (call $twice (i32.const 1)))
          (br_if $more (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (i32.const 0))
      (func (export "greet") (param i32 i32) (result i32)
        (call $greet (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16))
      (func (export "half") (param i32) (result i32) (call $half (local.get 0) (i32.const 32)) (i32.const 32))
      (func (export "misfit") (param i32) (result i32) (call $misfit (local.get 0)))
      (func (export "count") (param i32) (result i32)
        (local $counter i32) (local $sum i32)
        (local.set $counter (call $new (local.get 0)))
        (drop (call $add (local.get $counter) (i32.const 1)))
        (local.set $sum (i32.add (i32.mul (call $alive) (i32.const 1000)) (call $add (local.get $counter) (i32.const 1))))
        (call $drop (local.get $counter))
        (i32.add (i32.mul (call $alive) (i32.const 100)) (local.get $sum))))
    (core instance $i (instantiate $m (with "" (instance
      (export "memory" (memory $memory)) (export "twice" (func $twice)) (export "greet" (func $greet))
      (export "half" (func $half)) (export "misfit" (func $misfit)) (export "new" (func $new))
      (export "add" (func $add)) (export "alive" (func $alive)) (export "drop" (func $drop))))))
    (func (export "twice") (param "x" u32) (result u32) (canon lift (core func $i "twice")))
    (func (export "many") (param "times" u32) (result u32) (canon lift (core func $i "many")))
    (func (export "greet") (param "name" string) (result string)
      (canon lift (core func $i "greet") (memory $memory) (realloc $realloc)))
    (func (export "half") (param "x" u32) (result (result u32 (error string)))
      (canon lift (core func $i "half") (memory $memory) (realloc $realloc)))
    (func (export "misfit") (param "kind" u32) (result u32) (canon lift (core func $i "misfit")))
    (func (export "count") (param "start" u32) (result u32) (canon lift (core func $i "count"))))`;
