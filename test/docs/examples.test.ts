import { describeExamples } from './examples.ts';

// The others are in the long tests.
describeExamples(['README.md', 'docs/embed.md']);
