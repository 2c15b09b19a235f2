import type { CallerLine } from '../../conversation/line.ts';
import type { CommandOrder } from '../../conversation/messages.ts';
import { Caller } from './caller/caller.ts';
import { OutputMeter } from './caller/output-meter.ts';
import { CallerSink, inputOf } from './caller/standard-streams.ts';
import type { WasiHost } from './host.ts';
import { wait } from './poll.ts';
import { LineWriter } from './stdio.ts';
import { EMPTY, type Sink, type Source } from './streams.ts';

/** What an instance has where nobody runs it as a command. */
export interface OwnSurroundings {
  readonly environment: readonly (readonly [string, string])[];
  readonly workingDirectory: string | undefined;
}

/** What a guest sees of the world outside before it opens anything: its own, or what the caller of a command gives it. */
export class Surroundings {
  readonly workingDirectory: string | undefined;
  readonly #host: WasiHost;
  readonly #own: OwnSurroundings;
  /** Where what is printed for nobody goes. */
  readonly #log: { readonly stdout: LineWriter; readonly stderr: LineWriter };
  /** Remembers the last lines that a command has written to standard error. */
  #lastLines: LineWriter | undefined;
  #streams: { readonly stdin: Source; readonly stdout: CallerSink; readonly stderr: CallerSink } | undefined;
  #order: CommandOrder | undefined;
  #caller: Caller | undefined;

  constructor(host: WasiHost, own: OwnSurroundings) {
    this.#host = host;
    this.#own = own;
    this.workingDirectory = own.workingDirectory;
    this.#log = {
      stdout: new LineWriter((line) => host.context.log('info', line), host),
      stderr: new LineWriter((line) => host.context.log('warn', line), host),
    };
  }

  get args(): readonly string[] {
    return this.#order?.args ?? [];
  }

  get environment(): readonly (readonly [string, string])[] {
    const { environment } = this.#own;
    const given = this.#order?.environment ?? [];
    if (given.length === 0) return environment;
    return [...new Map([...environment, ...given])];
  }

  get stdin(): Source {
    return this.#streams?.stdin ?? EMPTY;
  }

  get stdout(): Sink {
    return this.#streams?.stdout ?? this.#log.stdout;
  }

  get stderr(): Sink {
    return this.#streams?.stderr ?? this.#log.stderr;
  }

  /** The last lines of standard error in this call. */
  get lastWords(): readonly string[] {
    return (this.#lastLines ?? this.#log.stderr).last;
  }

  begin(): void {
    this.#log.stderr.begin();
  }

  /** The call that follows is a command's. */
  command(order: CommandOrder, line: CallerLine): void {
    const caller = new Caller(line);
    const meter = new OutputMeter(this.#host.policy.maxOutputBytes);
    this.#order = order;
    this.#caller = caller;
    this.#lastLines = new LineWriter(() => true, this.#host);
    this.#streams = {
      stdin: inputOf(caller),
      stdout: new CallerSink(caller.output('output'), meter),
      stderr: new CallerSink(caller.output('errors'), meter, this.#lastLines),
    };
  }

  /** Waits until the caller has taken what the command has written: what holds it up is still the command's time. */
  drain(): void {
    if (this.#streams === undefined) return;
    wait([this.#streams.stdout.taken]);
    wait([this.#streams.stderr.taken]);
  }

  /** Takes down unfinished lines; the caller is gone. */
  flush(): void {
    this.#log.stdout.flush();
    this.#log.stderr.flush();
    this.#caller?.end();
    this.#caller = undefined;
  }
}
