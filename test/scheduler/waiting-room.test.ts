import { expect } from 'chai';
import { FairQueue } from '../../src/scheduler/fair-queue.ts';
import { WaitingRoom } from '../../src/scheduler/waiting-room.ts';
import { makeJob, openLane } from '../support/lanes.ts';

describe('WaitingRoom', () => {
  it('lets plugins in by turns, and the callers of one plugin in order of arrival', () => {
    const queue = new FairQueue();
    const room = new WaitingRoom();
    const [greedy, modest, late] = ['greedy', 'modest', 'late'].map((name) => openLane(queue, name));
    for (const input of ['g1', 'g2', 'g3', 'g4']) room.push(makeJob(greedy!, input));
    for (const input of ['m1', 'm2']) room.push(makeJob(modest!, input));
    room.push(makeJob(late!, 'l1'));
    const admitted: string[] = [];
    for (let job = room.shift(() => true); job !== undefined; job = room.shift(() => true)) admitted.push(job.input);
    expect(admitted).to.deep.equal(['g1', 'm1', 'l1', 'g2', 'm2', 'g3', 'g4']);
    expect(room.size).to.equal(0);
  });

  it('passes over a plugin that has no room, and comes back to it', () => {
    const queue = new FairQueue();
    const room = new WaitingRoom();
    const [full, free] = ['full', 'free'].map((name) => openLane(queue, name));
    room.push(makeJob(full!, 'f1'));
    room.push(makeJob(free!, 'o1'));
    expect(room.shift(({ lane }) => lane !== full)?.input).to.equal('o1');
    expect(room.shift(({ lane }) => lane !== full)).to.equal(undefined);
    expect(room.size).to.equal(1);
    expect(room.shift(() => true)?.input).to.equal('f1');
  });

  it('lets a caller leave from anywhere', () => {
    const queue = new FairQueue();
    const room = new WaitingRoom();
    const lane = openLane(queue, 'plugin');
    const jobs = ['1', '2', '3'].map((input) => makeJob(lane, input));
    for (const job of jobs) room.push(job);
    expect(lane.waiting).to.equal(3);
    room.remove(jobs[1]!);
    room.remove(jobs[0]!);
    expect(lane.waiting).to.equal(1);
    expect(room.shift(() => true)).to.equal(jobs[2]);
    expect(lane.waiting).to.equal(0);
  });

  it('takes the callers of one version and leaves those of another', () => {
    const queue = new FairQueue();
    const room = new WaitingRoom();
    const [stable, next] = ['1.0.0', '2.0.0'].map((version) => openLane(queue, 'plugin', {}, version));
    const [a, b, c] = [makeJob(stable!), makeJob(next!), makeJob(stable!)];
    for (const job of [a, b, c]) room.push(job!);
    expect(room.take(stable!)).to.deep.equal([a, c]);
    expect([stable!.waiting, next!.waiting, room.size]).to.deep.equal([0, 1, 1]);
    expect(room.take(stable!)).to.deep.equal([]);
    expect(room.shift(() => true)).to.equal(b);
  });

  it('takes names like __proto__ for names', () => {
    const queue = new FairQueue();
    const room = new WaitingRoom();
    const names = ['__proto__', 'constructor', 'hasOwnProperty'];
    for (const name of names) room.push(makeJob(openLane(queue, name), name));
    expect(names.map(() => room.shift(() => true)?.input)).to.deep.equal(names);
  });
});
