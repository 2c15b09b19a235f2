import type { FutureWriter } from '../../../canonical-abi/runtime/async/future-writer.ts';
import type { SharedStream } from '../../../canonical-abi/runtime/async/stream.ts';
import { environment as environmentOf2 } from '../cli.ts';
import type { WasiHost } from '../host.ts';
import type { Surroundings } from '../surroundings.ts';
import type { ByteStreams, Given, Outcome, ToCode } from './byte-streams.ts';

/** The enum `error-code` of `wasi:cli/types`. */
type CliErrorCode = 'io' | 'pipe';

const toCode: ToCode<CliErrorCode> = (error) => (error === 'closed' ? 'pipe' : 'io');

/** `wasi:cli/environment`, in which one function has another name than in 0.2. */
export function environment(host: WasiHost, surroundings: Surroundings): object {
  const { initialCwd: getInitialCwd, ...same } = environmentOf2(host, surroundings);
  return { ...same, getInitialCwd };
}

/** `wasi:cli/stdin`. Nothing is asked of the caller before the guest reads. */
export function stdin(streams: ByteStreams, surroundings: Surroundings): object {
  return {
    readViaStream(): Given<CliErrorCode> {
      return streams.from(() => surroundings.stdin, toCode);
    },
  };
}

/** `wasi:cli/stdout` and `wasi:cli/stderr` */
export function output(streams: ByteStreams, surroundings: Surroundings, which: 'stdout' | 'stderr'): object {
  return {
    writeViaStream(data: SharedStream): FutureWriter<Outcome<CliErrorCode>> {
      return streams.into(data, () => surroundings[which], toCode);
    },
  };
}
