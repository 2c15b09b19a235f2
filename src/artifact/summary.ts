import type { ComponentAnalysis } from '../component/analyze.ts';
import { PAGE_BYTES, planCaps } from '../component/caps.ts';
import type { ArtifactSummary, MemorySummary } from './artifact.ts';
import { callableFunctions } from './callable-functions.ts';

/** What is told of a component. */
export function summarise(bytes: Uint8Array, analysis: ComponentAnalysis, maxMemoryBytes: number): ArtifactSummary {
  const plan = planCaps(analysis, maxMemoryBytes);
  const memories = plan.modules.flatMap(({ use, memories: maxima }) =>
    use.memories.map((memory, index): MemorySummary => {
      const { limits } = memory;
      const max = maxima[index]!;
      const isCapped = analysis.growable.has(memory) && (limits.max === undefined || limits.max > max);
      return {
        module: use.index,
        instances: use.instances,
        minBytes: limits.min * PAGE_BYTES,
        maxBytes: max * PAGE_BYTES,
        bound: isCapped ? 'policy' : 'module',
      };
    }),
  );
  return {
    bytes: bytes.length,
    imports: analysis.imports.map(({ name }) => name),
    exports: analysis.exports.map(({ name }) => name),
    ...callableFunctions(analysis.exports),
    memories,
    maxBytes: plan.maxBytes,
    features: analysis.features,
  };
}
