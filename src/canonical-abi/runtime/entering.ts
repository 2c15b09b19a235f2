import { trap } from './trap.ts';

/** An instance as far as entering it goes. */
export interface Enterable {
  /** Whether it may be called. Stays false after a trap, so that nothing enters what may be broken. */
  mayEnter: boolean;
}

/** `may_enter_from` and `enter_from`. @throws a trap. */
export function enter(instances: readonly Enterable[]): void {
  for (let index = 0; index < instances.length; index++) {
    const instance = instances[index]!;
    if (!instance.mayEnter) throw trap('cannot enter component instance');
    instance.mayEnter = false;
  }
}

/** `leave_to`. */
export function leave(instances: readonly Enterable[]): void {
  for (let index = 0; index < instances.length; index++) instances[index]!.mayEnter = true;
}
