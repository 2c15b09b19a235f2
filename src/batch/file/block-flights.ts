import { performance } from 'node:perf_hooks';
import type { LineSource } from '../../block/line-source.ts';
import type { PluginError } from '../../errors.ts';
import { Block, type BlockListener, type BlockPiece } from '../../scheduler/block.ts';
import { IndexSet } from '../journal/indexes.ts';
import type { BlockHost } from './block-host.ts';
import { lineRecord } from './line-record.ts';
import type { FileRecord } from './record.ts';

/** A block on its way, and how many of its records are not over. */
export interface BlockFlight {
  readonly source: LineSource;
  readonly block: Block;
  readonly startedAt: number;
  /** Those of its records that are over. */
  readonly over: IndexSet;
  left: number;
}

/** What becomes of the records of blocks. */
export interface FlightListener {
  /** Some are done; the bytes are valid during the call. */
  done(flight: BlockFlight, piece: BlockPiece): void;
  /** Some failed, all for one reason. */
  failed(flight: BlockFlight, records: readonly FileRecord[], error: PluginError): void;
  /** Some have to go by themselves. */
  foreign(records: readonly FileRecord[]): void;
  /** So many are over as far as blocks go; those that failed or go by themselves are not over yet. */
  left(count: number, how: 'are over' | 'go on'): void;
  /** Of a block nothing is left. */
  landed(source: LineSource): void;
}

/** The blocks of a batch that are with the engine. */
export class BlockFlights {
  readonly #host: BlockHost;
  readonly #plugin: string;
  readonly #listener: FlightListener;
  readonly #flights = new Set<BlockFlight>();
  /** Once a record was for another plugin, more of them will be. */
  #mode: 'blocks' | 'one by one' = 'blocks';
  #state: 'running' | 'stopped' = 'running';

  constructor(host: BlockHost, plugin: string, listener: FlightListener) {
    this.#host = host;
    this.#plugin = plugin;
    this.#listener = listener;
  }

  get size(): number {
    return this.#flights.size;
  }

  /** The first record that is not over: those of a block run in their order. */
  get oldest(): number | undefined {
    const [flight] = this.#flights;
    return flight && flight.source.firstIndex + flight.over.prefix;
  }

  send(source: LineSource): void {
    const listener: BlockListener = {
      done: (piece) => {
        this.#listener.done(flight, piece);
        flight.over.add(piece.from, piece.count);
        this.#left(flight, piece.count, 'are over');
      },
      failed: (from, count, error) => this.#failed(flight, from, count, error),
      withdrawn: (_from, count) => this.#left(flight, count, 'are over'),
      foreign: (from, count) => {
        this.#mode = 'one by one';
        this.#foreign(flight, from, count);
      },
    };
    const flight: BlockFlight = {
      source,
      block: new Block(source, listener),
      startedAt: performance.now(),
      over: new IndexSet(),
      left: source.count,
    };
    this.#flights.add(flight);
    if (this.#mode === 'blocks' && this.#host.submit(this.#plugin, flight.block)) return;
    this.#foreign(flight, 0, source.count);
  }

  /** Takes back what has not begun; with the order kept, no block before one that has begun. */
  withdraw(order: 'kept' | 'any'): void {
    for (const { block } of [...this.#flights].reverse()) {
      if (!block.withdraw(order) && order === 'kept') break;
    }
  }

  /** Aborts what is in flight. */
  stop(reason: unknown): void {
    this.#state = 'stopped';
    for (const { block } of [...this.#flights]) block.aborted(AbortSignal.abort(reason));
  }

  #failed(flight: BlockFlight, from: number, count: number, error: PluginError): void {
    if (this.#state === 'stopped') {
      this.#left(flight, count, 'are over');
      return;
    }
    flight.over.add(from, count);
    // Before the memory of the block is given back.
    const records = recordsOf(flight.source, from, count);
    this.#left(flight, count, 'go on');
    this.#listener.failed(flight, records, error);
  }

  #foreign(flight: BlockFlight, from: number, count: number): void {
    this.#listener.foreign(recordsOf(flight.source, from, count));
    this.#left(flight, count, 'go on');
  }

  /** So many records of a block are over, or go on by themselves. */
  #left(flight: BlockFlight, count: number, how: 'are over' | 'go on'): void {
    flight.left -= count;
    if (flight.left === 0) {
      this.#flights.delete(flight);
      this.#listener.landed(flight.source);
    }
    this.#listener.left(count, how);
  }
}

/** Some records of a block, to go by themselves. */
export function recordsOf(source: LineSource, from: number, count: number): FileRecord[] {
  const { kind, options, file } = source.recipe;
  return Array.from(source.records(from, count), ({ bytes, line, index }) =>
    lineRecord(bytes, { line, index, file }, kind, options),
  );
}
