import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { ROOT } from '../root.ts';
import { ENTRIES } from './entries.ts';

/** What stands in the type of something public and is of no use by itself. */
const NOT_EXPORTED: readonly string[] = [
  'AnyClass',
  'AnyFunction',
  'INPUT_FORMATS',
  'LOG_LEVELS',
  'OUTPUT_FORMATS',
  'Plain',
  'SessionClass',
  'SessionFunction',
];

/**
 * Writes the reference of all that is public into a folder, with a page for each symbol.
 *
 * @throws {Error} for a link that leads nowhere, or a type that is needed and not exported.
 */
export async function generateApi(folder: string): Promise<void> {
  // TypeDoc asks the compiler by functions that TypeScript 7 does not have.
  registerHooks({
    resolve: (specifier, context, next) => next(specifier === 'typescript' ? 'typescript-6' : specifier, context),
  });
  const [{ Application }, markdown] = await Promise.all([import('typedoc'), import('typedoc-plugin-markdown')]);
  const options = {
    plugin: [markdown.load],
    entryPoints: [...ENTRIES.values()].map((source) => join(ROOT, source)),
    tsconfig: join(ROOT, 'tsconfig.build.json'),
    name: 'API reference',
    readme: 'none',
    out: folder,
    logLevel: 'Warn',
    // `npm run typecheck` does that.
    skipErrorChecking: true,
    // Lines move with each change.
    disableSources: true,
    excludePrivate: true,
    excludeInternal: true,
    excludeExternals: true,
    intentionallyNotExported: [...NOT_EXPORTED],
    hidePageHeader: true,
    router: 'member',
    indexFormat: 'table',
    parametersFormat: 'table',
    interfacePropertiesFormat: 'table',
    classPropertiesFormat: 'table',
    typeDeclarationFormat: 'table',
    propertyMembersFormat: 'table',
  } as const;
  const app = await Application.bootstrapWithPlugins(options as object);
  const project = await app.convert();
  if (project === undefined) throw new Error('TypeDoc could not read the sources.');
  app.validate(project);
  if (app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error('TypeDoc has warned, see above.');
  await app.generateOutputs(project);
}
