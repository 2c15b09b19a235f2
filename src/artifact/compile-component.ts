import { analyzeComponent, type ComponentAnalysis } from '../component/analyze.ts';
import { capComponent } from '../component/cap.ts';
import { assertCompilable, type Compilable } from '../component/cost/assert-compilable.ts';
import { assertPlainNames } from '../component/names.ts';
import { parseComponent } from '../component/parse.ts';
import { matchAny, matchContract } from '../contract/match.ts';
import { matchOwnWorld } from '../contract/own-world.ts';
import { hasRole } from '../contract/standard.ts';
import type { CompiledComponent } from './artifact.ts';
import { type BindOptions, bind } from './bind.ts';
import { assertBindable } from './bindable.ts';
import { type OwnWorlds, readOwnWorlds } from './own-worlds.ts';
import { summarise } from './summary.ts';

/** What of a policy changes the artifact. */
export interface CompileOptions extends BindOptions {
  /** Bytes of linear memory and tables, over all core instances; see `Policy`. */
  readonly maxMemoryBytes: number;
  /** Whether it has to implement a world of the contract. @default 'plugin' */
  readonly world?: 'plugin' | 'any';
  /** Worlds of the embedder's own, one of which it has to implement. @default it need not */
  readonly own?: OwnWorlds | undefined;
  /**
   * Whether what compiling costs is bounded, and tried in another process where no bound is close; bounded only; or
   * neither. @default 'vetted'
   */
  readonly compile?: 'vetted' | 'trusted' | 'unbounded';
}

/** A component that was checked, and what has to be compiled elsewhere before anything of it is compiled here. */
export interface Compilation extends CompiledComponent, Compilable {}

/**
 * Checks a component and generates what it takes to instantiate it. Blocks the thread for as long as it takes, and
 * that is the component's choice: so it runs in the compile worker.
 *
 * @throws {PluginError} with the code that says why the component is refused.
 * @throws {ToolPanic} when the tools failed and this thread must not use them again.
 */
export async function compileComponent(bytes: Uint8Array, options: CompileOptions): Promise<Compilation> {
  const component = parseComponent(bytes);
  // Before jco sees them: it pastes names into the JavaScript that it generates.
  assertPlainNames(component);
  const analysis = analyzeComponent(component);
  const compilable = options.compile === 'unbounded' ? UNBOUNDED : assertCompilable(bytes, analysis);
  const own = options.own && matchOwnWorld(analysis, await readOwnWorlds(options.own));
  const fits =
    options.world === 'any' || isStandard(analysis)
      ? matchAny(analysis, 'supplied')
      : matchContract(analysis, 'supplied');
  const contract = own === undefined ? fits : { ...fits, own };
  assertBindable(analysis.features);
  const capped = capComponent(bytes, component, analysis, options);
  const summary = summarise(bytes, analysis, options.maxMemoryBytes);
  const suspects = options.compile === 'trusted' ? [] : compilable.suspects;
  return { contract, summary, ...compilable, suspects, ...(await bind(capped, options)) };
}

/** A program or a server is loaded as what it is: it need not be a plugin besides. */
function isStandard({ exports }: ComponentAnalysis): boolean {
  return hasRole(exports, 'command') || hasRole(exports, 'http');
}

const UNBOUNDED: Compilable = { suspects: [], footprint: { types: [], codeBytes: 0 } };
