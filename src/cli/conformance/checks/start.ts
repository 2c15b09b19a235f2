import type { RequestOptions } from '../../../contract/values.ts';
import { PluginError } from '../../../errors.ts';
import { failed, type Outcome, passed, skipped, warned } from '../finding.ts';
import { ODD_CONFIGS } from '../odd-requests.ts';
import type { Subject } from '../subject.ts';

/** Whether it starts under its policy, with its configuration. */
export async function checkStart(subject: Subject): Promise<Outcome> {
  const error = await start(subject, 'start', subject.options.config);
  if (error === undefined) return passed('compiles, links and initialises');
  return failed('does not start', error.hint ?? 'Run it with the configuration that it needs: `--config key=value`.', [
    `${error.code}: ${error.message}`,
  ]);
}

/** Whether it says who it is. */
export async function checkMetadata({ engine, options }: Subject): Promise<Outcome> {
  const { metadata } = await engine.loadPlugin('metadata', options.bytes, {
    sandbox: options.sandbox,
    config: Object.fromEntries(options.config),
  });
  await engine.unloadPlugin('metadata');
  if (metadata === undefined) return skipped('its world has none');
  const { name, version } = metadata;
  if (name.trim() === '') return warned('has no name', 'Return a name from `get-metadata`.');
  if (!/^\d+\.\d+\.\d+/.test(version)) {
    return warned(`its version is ${JSON.stringify(version)}`, 'Number versions as https://semver.org does: 1.2.3.');
  }
  return passed(`${name} ${version}`);
}

/** Whether it starts or refuses, and does not trap, whatever configuration it gets. */
export async function checkOddConfig(subject: Subject): Promise<Outcome> {
  const problems: string[] = [];
  let refused = 0;
  for (const [index, config] of ODD_CONFIGS.entries()) {
    const error = await start(subject, `odd-config-${index}`, [...subject.options.config, ...config]);
    if (error === undefined) continue;
    if (isRefusal(error)) refused++;
    else
      problems.push(`${config.length} entries, the first ${JSON.stringify(config[0])?.slice(0, 60)}: ${error.message}`);
  }
  if (problems.length === 0) {
    return passed(`started with ${ODD_CONFIGS.length - refused} odd configurations, refused ${refused}`);
  }
  return failed(
    `traps with ${problems.length} of ${ODD_CONFIGS.length} configurations`,
    'Return an error from `initialize`, which says what is wrong; a trap says nothing.',
    problems,
  );
}

async function start(subject: Subject, name: string, config: RequestOptions): Promise<PluginError | undefined> {
  try {
    await subject.load(name, async () => {}, {}, config);
    return undefined;
  } catch (error) {
    if (error instanceof PluginError) return error;
    throw error;
  }
}

/** Whether `initialize` returned an error: a trap or a limit would be named. */
export function isRefusal({ code, trap, limit }: PluginError): boolean {
  return code === 'ERR_INITIALIZE_FAILED' && trap === undefined && limit === undefined;
}
