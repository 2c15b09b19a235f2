import type { Finding } from '../../../src/cli/conformance/finding.ts';
import type { SubjectOptions } from '../../../src/cli/conformance/subject.ts';
import { runConformance } from '../../../src/cli/conformance/suite.ts';
import { analyzeComponent } from '../../../src/component/analyze.ts';
import { parseComponent } from '../../../src/component/parse.ts';

export type Options = Partial<Omit<SubjectOptions, 'bytes' | 'analysis'>>;

export const DEFAULTS: Omit<SubjectOptions, 'bytes' | 'analysis'> = {
  sandbox: 'restricted',
  config: [],
  samples: [{ input: 'Hello, World!' }, { input: 'a,b\n1,2' }],
  calls: 2000,
  disclaims: new Set(),
};

export const analyzed = (bytes: Uint8Array): Pick<SubjectOptions, 'bytes' | 'analysis'> => ({
  bytes,
  analysis: analyzeComponent(parseComponent(bytes)),
});

export const conformance = (bytes: Uint8Array, options: Options = {}): Promise<Finding[]> =>
  runConformance({ ...DEFAULTS, ...analyzed(bytes), ...options });
