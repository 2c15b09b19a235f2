import { knownKeys, oneOf } from '../arguments/arguments.ts';

/**
 * How much of the metrics Prometheus gets: a version has 83 lines in full, which is a lot for a thousand plugins.
 *
 * @example
 * const format: PrometheusFormat = { detail: 'plugin', buckets: 'few' };
 * console.log(await engine.metrics.prometheus(format));
 */
export interface PrometheusFormat {
  /** `plugin`: all versions of a plugin are counted together, without a label `version`. @default 'version' */
  readonly detail?: 'plugin' | 'version';
  /** `few`: every third bucket, by factors of eight. `none`: sums and counts alone, which are enough for means. @default 'all' */
  readonly buckets?: 'all' | 'few' | 'none';
}

/** @throws {PluginError} `ERR_INVALID_ARGUMENT`. */
export function checkFormat(name: string, format: PrometheusFormat): Required<PrometheusFormat> {
  knownKeys(name, format, ['detail', 'buckets'] satisfies (keyof PrometheusFormat)[]);
  return {
    detail: oneOf(`${name}.detail`, format.detail, ['plugin', 'version'], 'version'),
    buckets: oneOf(`${name}.buckets`, format.buckets, ['all', 'few', 'none'], 'all'),
  };
}
