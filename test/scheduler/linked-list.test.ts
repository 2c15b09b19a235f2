import { expect } from 'chai';
import fc from 'fast-check';
import { type Linked, LinkedList } from '../../src/scheduler/linked-list.ts';

class Item implements Linked<Item> {
  previous: Item | undefined;
  next: Item | undefined;
}

describe('LinkedList', () => {
  it('does what an array does, whatever is asked of it', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('push' as const) }),
      fc.record({ do: fc.constant('unshift' as const) }),
      fc.record({ do: fc.constant('shift' as const) }),
      fc.record({ do: fc.constant('remove' as const), at: fc.nat(20) }),
      fc.record({ do: fc.constant('reinsert' as const), at: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const list = new LinkedList<Item>();
        const model: Item[] = [];
        for (const next of steps) {
          if (next.do === 'push' || next.do === 'unshift') {
            const item = new Item();
            list[next.do](item);
            model[next.do](item);
          } else if (next.do === 'shift') expect(list.shift()).to.equal(model.shift());
          else if (model.length > 0) {
            const [item] = model.splice(next.at % model.length, 1);
            list.remove(item!);
            if (next.do === 'reinsert') {
              list.unshift(item!);
              model.unshift(item!);
            }
          }
          expect([...list]).to.deep.equal(model);
          expect(list.size).to.equal(model.length);
          expect(list.first).to.equal(model[0]);
        }
      }),
    );
  });

  it('lets go of what leaves it', () => {
    const list = new LinkedList<Item>();
    const items = [new Item(), new Item(), new Item()] as const;
    for (const item of items) list.push(item);
    list.remove(items[1]);
    expect([items[1].previous, items[1].next]).to.deep.equal([undefined, undefined]);
    list.shift();
    expect([items[0].previous, items[0].next, items[2].previous]).to.deep.equal([undefined, undefined, undefined]);
  });
});
