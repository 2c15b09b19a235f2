/** Thrown within planning where a component needs what the direct binding does not do. */
export class Unsupported extends Error {
  override readonly name: string = 'Unsupported';
}

/** @param reason What the component does, to follow "because": `it uses async functions`. */
export function unsupported(reason: string): Unsupported {
  return new Unsupported(reason);
}
