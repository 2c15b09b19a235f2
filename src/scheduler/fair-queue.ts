import type { Job } from './job.ts';
import type { Lane } from './lane.ts';
import { LinkedList } from './linked-list.ts';
import { Tenant } from './tenant.ts';

/** Milliseconds of thread time that each plugin gets a round. */
const QUANTUM_MS = 2;
/** A plugin whose batch ran long is passed over for at most this long, in rounds. */
const LONGEST_DEBT_MS = 20 * QUANTUM_MS;

/**
 * Every queued job, and who is next: deficit round robin over the plugins (Shreedhar and Varghese, 1995), with thread
 * time as the measure, so that a plugin's share depends neither on how many requests it has nor on how long they take
 * (invariant 3).
 */
export class FairQueue {
  readonly #tenants = new Map<string, Tenant<Lane>>();
  readonly #ring = new LinkedList<Tenant<Lane>>();
  #size = 0;

  /** Requests that it holds. */
  get size(): number {
    return this.#size;
  }

  /** The tenant of a group, made when there is none. */
  tenant(name: string): Tenant<Lane> {
    let tenant = this.#tenants.get(name);
    if (tenant === undefined) {
      tenant = new Tenant<Lane>(name);
      this.#tenants.set(name, tenant);
    }
    return tenant;
  }

  /** Every open lane. */
  *lanes(): Generator<Lane, void, undefined> {
    for (const tenant of this.#tenants.values()) yield* [...tenant.lanes];
  }

  /** Forgets an idle lane, and its tenant with the last one. */
  removeLane(lane: Lane): void {
    lane.tenant.removeLane(lane);
    this.forget(lane.tenant);
  }

  /** Forgets a tenant that has neither lanes nor threads: one that comes back has what it holds on its account. */
  forget(tenant: Tenant<Lane>): void {
    if (tenant.lanes.size > 0 || tenant.held > 0) return;
    if (this.#tenants.get(tenant.name) === tenant) this.#tenants.delete(tenant.name);
  }

  push(job: Job): void {
    job.state = 'queued';
    job.lane.push(job);
    this.#added(job);
  }

  /** Puts back a job that had been sent and had not begun, in front (invariant 2). */
  unshift(job: Job): void {
    job.state = 'queued';
    job.lane.unshift(job);
    this.#added(job);
  }

  remove(job: Job): void {
    job.lane.remove(job);
    this.#removed(job);
  }

  /** Takes the next job of a lane. */
  shift(lane: Lane): Job | undefined {
    // Only jobs are pushed.
    const job = lane.shift() as Job | undefined;
    if (job === undefined) return undefined;
    job.state = 'taken';
    this.#removed(job);
    return job;
  }

  /** Takes every job of a lane, in order. */
  take(lane: Lane): Job[] {
    const jobs: Job[] = [];
    for (let job = this.shift(lane); job !== undefined; job = this.shift(lane)) jobs.push(job);
    return jobs;
  }

  /**
   * The lane to serve next, among the tenants that may be served now.
   *
   * @param mayServe Must be cheap: it is asked for every tenant that is passed over.
   */
  next(mayServe: (lane: Lane) => boolean): Lane | undefined {
    let leastDebt = Number.POSITIVE_INFINITY;
    for (let pass = 0; pass < 2; pass++) {
      for (const tenant of this.#ring) {
        const lane = tenant.nextLane;
        if (lane === undefined || !mayServe(lane)) continue;
        if (tenant.credit >= 0) {
          this.#ring.remove(tenant);
          this.#ring.push(tenant);
          return lane;
        }
        leastDebt = Math.min(leastDebt, -tenant.credit);
      }
      if (leastDebt === Number.POSITIVE_INFINITY) return undefined;
      this.#beginRounds(leastDebt);
    }
    return undefined;
  }

  /**
   * Offers the lanes that come next, each once at the most, to who fills up a batch.
   *
   * @param take Takes what it wants of a lane; `full` when it wants nothing more of any.
   */
  offer(take: (lane: Lane) => 'taken' | 'passed' | 'full'): void {
    let leastDebt = Number.POSITIVE_INFINITY;
    for (let pass = 0; pass < 2; pass++) {
      const last = this.#ring.last;
      for (
        let tenant = this.#ring.first, next = tenant?.next;
        tenant !== undefined;
        tenant = next, next = tenant?.next
      ) {
        const isLast = tenant === last;
        const { nextLane: lane, credit } = tenant;
        if (credit < 0) leastDebt = Math.min(leastDebt, -credit);
        else if (lane !== undefined) {
          const taken = take(lane);
          if (taken === 'full') return;
          if (taken === 'taken' && tenant.active) {
            this.#ring.remove(tenant);
            this.#ring.push(tenant);
          }
        }
        if (isLast) break;
      }
      if (leastDebt === Number.POSITIVE_INFINITY) return;
      this.#beginRounds(leastDebt);
    }
  }

  /** Nobody who may be served has credit: as many rounds begin at once as the least indebted one needs. */
  #beginRounds(leastDebt: number): void {
    const rounds = Math.ceil(leastDebt / QUANTUM_MS);
    for (const tenant of this.#ring) tenant.credit = Math.min(tenant.credit + rounds * QUANTUM_MS, QUANTUM_MS);
  }

  /** How many groups have something queued. */
  get width(): number {
    return this.#ring.size;
  }

  /** Books the thread time of a batch. */
  charge(lane: Lane, milliseconds: number): void {
    const { tenant } = lane;
    tenant.charge(lane, milliseconds);
    tenant.credit = Math.max(tenant.credit - milliseconds, -LONGEST_DEBT_MS);
  }

  #added({ lane, weight }: Job): void {
    const { tenant } = lane;
    this.#size += weight;
    if (tenant.lanes.size > 1 && lane.size === weight && tenant.queuedOf(lane.plugin) === weight) tenant.begins(lane);
    if (tenant.active) return;
    tenant.active = true;
    this.#ring.push(tenant);
  }

  #removed({ lane: { tenant }, weight }: Job): void {
    this.#size -= weight;
    if (tenant.queued > 0) return;
    tenant.active = false;
    // Credit is not saved up while there is nothing to do; debt stays.
    tenant.credit = Math.min(tenant.credit, 0);
    this.#ring.remove(tenant);
  }
}
