import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { unavailableCandidates } from '../../bench/candidates.ts';

const FAULTS = fileURLToPath(new URL('../../bench/peers/optional/faults.ts', import.meta.url));

/** What becomes of a host whose plugin has a fault. It may use three seconds of CPU time: an endless call uses them up. */
function hostWith(fault: string): { signal: string | null; stdout: string } {
  const limited = ['-c', 'ulimit -c 0; ulimit -t 3; exec "$0" "$@"', process.execPath, FAULTS, fault];
  const { signal, stdout } = spawnSync('sh', limited, { encoding: 'utf8' });
  return { signal, stdout };
}

// With `npm run bench:peers` only.
if (unavailableCandidates().size === 0) {
  describe('a fault in a plugin', () => {
    it('in a dynamic library: a bad pointer ends the host', () => {
      expect(hostWith('library: pointer')).to.deep.equal({ signal: 'SIGSEGV', stdout: 'called\n' });
    });

    for (const [where, fault] of [
      ['a dynamic library', 'library: endless'],
      ['Lua', 'Lua: endless'],
    ] as const) {
      it(`in ${where}: an endless call stops the host`, () => {
        const { signal, stdout } = hostWith(fault);
        expect(stdout).to.equal('called\n');
        expect(signal).to.be.oneOf(['SIGXCPU', 'SIGKILL']);
      });
    }

    it('in Lua: an error names its line, and the host goes on', () => {
      const { signal, stdout } = hostWith('Lua: error');
      expect(stdout).to.match(/called\n\[string .*\]:2: attempt to index a nil value \(local 'nothing'\)/);
      expect(stdout).to.match(/alive\n$/);
      expect(signal).to.equal(null);
    });

    it('in an RPC plugin: its process ends, the call fails, and the host goes on', () => {
      const { signal, stdout } = hostWith('gRPC: pointer');
      expect(stdout)
        .to.match(/^called\n(alive\n)?14 UNAVAILABLE: /)
        .and.to.include('alive\n');
      expect(signal).to.equal(null);
    });
  });
}
