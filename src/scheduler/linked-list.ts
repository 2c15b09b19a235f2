/** What a member of a {@link LinkedList} carries; it is in one list at a time. */
export interface Linked<T> {
  previous: T | undefined;
  next: T | undefined;
}

/**
 * A doubly linked list through its members, so that any of them leaves in constant time: an aborted request must not
 * stay behind in the queue, or a stuck plugin's queue would grow past its limit.
 */
export class LinkedList<T extends Linked<T>> {
  #first: T | undefined;
  #last: T | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): T | undefined {
    return this.#first;
  }

  get last(): T | undefined {
    return this.#last;
  }

  push(item: T): void {
    item.previous = this.#last;
    item.next = undefined;
    if (this.#last === undefined) this.#first = item;
    else this.#last.next = item;
    this.#last = item;
    this.#size++;
  }

  unshift(item: T): void {
    item.previous = undefined;
    item.next = this.#first;
    if (this.#first === undefined) this.#last = item;
    else this.#first.previous = item;
    this.#first = item;
    this.#size++;
  }

  remove(item: T): void {
    if (item.previous === undefined) this.#first = item.next;
    else item.previous.next = item.next;
    if (item.next === undefined) this.#last = item.previous;
    else item.next.previous = item.previous;
    item.previous = undefined;
    item.next = undefined;
    this.#size--;
  }

  shift(): T | undefined {
    const item = this.#first;
    if (item !== undefined) this.remove(item);
    return item;
  }

  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let item = this.#first; item !== undefined; item = item.next) yield item;
  }
}
