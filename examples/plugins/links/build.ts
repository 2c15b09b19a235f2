import { fileURLToPath } from 'node:url';
import { buildJavaScript } from '../../../src/cli/build/javascript.ts';
import { contractFolder, findPackage, findProject } from '../../../src/cli/build/project.ts';

/** The component: QuickJS with the plugin loaded. Its bytes differ from build to build. */
export async function build(): Promise<Uint8Array> {
  const project = await findProject(fileURLToPath(new URL('.', import.meta.url)));
  const { folder } = project;
  return buildJavaScript(
    project,
    findPackage('componentize-qjs', folder),
    await contractFolder(folder),
    'plugin-world',
  );
}
