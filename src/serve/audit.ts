/**
 * One administrative call, as the audit log has it.
 *
 * @example
 * const audit = (entry: AuditEntry) => console.log(JSON.stringify(entry));
 * const server = createServer(engine, { audit });
 */
export interface AuditEntry {
  /** When it was over, in ISO 8601. */
  readonly time: string;
  /** Whose token it was; `unknown` where there was none that is known. */
  readonly who: string;
  /** The address that it came from. */
  readonly from: string;
  /** What was asked for: `load`, `unload`, `reload`, `canary`, `promote`, … */
  readonly action: string;
  readonly plugin: string | undefined;
  readonly requestId: string;
  /** How it was answered. */
  readonly status: number;
  /** What it was about: the SHA-256 of a component, a version, a percentage, a grant; and the error where it failed. */
  readonly details: Readonly<Record<string, unknown>>;
}
