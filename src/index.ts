/**
 * Runs plugins that nobody has to trust: the engine, its options, and what it tells.
 *
 * @module wasm-plugin-pool
 */
import './engine/environment.ts';

export type { PluginSource } from './artifact/source.ts';
export type { WitSource } from './artifact/wit-text.ts';
export type { Batch } from './batch/batch.ts';
export type { MaxFailures } from './batch/file/failure-limit.ts';
export type { RecordFieldsOptions } from './batch/file/fields.ts';
export type { InputFormat, OutputFormat } from './batch/file/format.ts';
export type { FileBatchOptions, FileBatchProgress } from './batch/file/options.ts';
export type { FailureReason } from './batch/file/reasons.ts';
export type { BatchSummary } from './batch/file/tally.ts';
export type { CsvOptions } from './batch/format/csv-options.ts';
export type { ResultColumn, ResultRow } from './batch/format/result-row.ts';
export type { OldestRecord } from './batch/oldest.ts';
export type { BatchOptions, BatchRequest, BatchResult, RetryOptions } from './batch/options.ts';
export type { BatchSource } from './batch/source.ts';
export type { BatchProgress, PluginStatistics } from './batch/statistics.ts';
export type { BytesResponse, LogLevel, PluginMetadata, PluginResponse, RequestOptions } from './contract/values.ts';
export type { World } from './contract/worlds.ts';
export type { EngineEvents, PluginEvent, PluginLog } from './engine/events.ts';
export type { CloseOptions } from './engine/life.ts';
export type { LoadMessage } from './engine/load-channel.ts';
export type { EngineOptions } from './engine/options.ts';
export type { EngineStatus } from './engine/status.ts';
export { PluginEngine } from './engine.ts';
export {
  ERROR_CODES,
  type ErrorCode,
  type ErrorDetails,
  PluginError,
  type TrapKind,
  type WireError,
} from './errors.ts';
export type { Ask, Check, CheckRequest, Expectation } from './health/check.ts';
export type { CircuitState } from './health/circuit.ts';
export type { FailurePolicy } from './health/failure-policy.ts';
export type { CircuitChange, QuarantineChange } from './health/guard.ts';
export type { HealthCheckOptions, PluginHealth } from './health/health-check.ts';
export type { QuarantinedInput } from './health/quarantine.ts';
export { BackedModule } from './host/imports/backed-module.ts';
export type { EmbedderImports } from './host/imports/embedder-imports.ts';
export type {
  HostCallContext,
  MainThreadFunction,
  MainThreadFunctions,
} from './host/imports/main-thread.ts';
export type { ProvideOptions } from './host/imports/provided.ts';
export type { ImportingInstance } from './host/imports/supplied-modules.ts';
export type { KeyValueOptions } from './host/imports/suppliers/keyvalue/key-value.ts';
export { memoryStore } from './host/imports/suppliers/keyvalue/memory-store.ts';
export { type RedisClient, redisStore } from './host/imports/suppliers/keyvalue/redis-store.ts';
export { sqliteStore } from './host/imports/suppliers/keyvalue/sqlite-store.ts';
export {
  type BucketBounds,
  type KeyPage,
  type KeyValueStore,
  StoreRefusal,
} from './host/imports/suppliers/keyvalue/store.ts';
export { suppliers } from './host/imports/suppliers/suppliers.ts';
export {
  CAPABILITIES,
  type Capability,
  type CapabilityManager,
  type Grant,
  type GrantChange,
  type GrantDetails,
} from './host/policy/capabilities.ts';
export {
  type DirectoryGrant,
  type Policy,
  type ResolvedPolicy,
  resolvePolicy,
  restricted,
  type Sandbox,
  standard,
} from './host/policy/policy.ts';
export { readPolicyFile } from './host/policy/policy-file.ts';
export { WitError } from './host/wit-error.ts';
export type { ProcessEnd } from './isolation/host/process-end.ts';
export type { IsolationOptions } from './isolation/options.ts';
export type { RequestMessage } from './observe/channels.ts';
export type { HistogramSnapshot } from './observe/histogram.ts';
export type { Metrics } from './observe/metrics.ts';
export type { EngineLimits, PluginStatus } from './observe/plugin-status.ts';
export type { PrometheusFormat } from './observe/prometheus-format.ts';
export type { MetricsSnapshot, ThreadCounts, VersionSnapshot } from './observe/snapshot.ts';
export type { CountByCode } from './observe/version-metrics.ts';
export type { RecordOptions } from './recording/options.ts';
export type { Recording } from './recording/recording.ts';
export type { HostCallEntry } from './recording/tape.ts';
export type { TapeValue } from './recording/values.ts';
export type { CanaryChange, CanaryDeployment, CanaryPromotion } from './registry/canary-events.ts';
export type { DecisionOptions } from './registry/decision.ts';
export type { ProcessStatus } from './registry/executor.ts';
export type { KeptRecording } from './registry/kept-recording.ts';
export type { PluginDetails, PluginInfo } from './registry/plugin-info.ts';
export type { PluginState, PluginTransition } from './registry/plugin-state.ts';
export type { ImportInfo, LoadOptions, VersionInfo, VersionRole } from './registry/plugin-version.ts';
export type { PluginWarning } from './registry/plugin-warning.ts';
export type { Statistics } from './registry/statistics.ts';
export type { UnloadOptions } from './registry/unload-options.ts';
export type { CanaryOptions, Versions } from './registry/versions.ts';
export type { BatchCallOptions } from './request/batch-calls.ts';
export type { CallOptions } from './request/call-options.ts';
export type { DescribedFunction, DescribedFunctions, DescribeOptions } from './request/described-functions.ts';
export type { ArgumentsOf, FunctionsOf, ReturnOf } from './request/function-call.ts';
export type { PackedRequests, PackedResults, ProcessManyOptions, ProcessManyResult } from './request/many.ts';
export type * from './request/plugin-functions.ts';
export type { PluginObject } from './request/plugin-object.ts';
export type { ProcessOptions } from './request/process-options.ts';
export type { BytesRequest, ProcessRequest } from './request/request.ts';
export type { CommandInput, CommandOutput, RunOptions, RunResult } from './request/run-options.ts';
export type { StuckThread, Termination } from './scheduler/supervisor-listener.ts';
export type { SessionOptions } from './session/options.ts';
export type { PluginSession } from './session/plugin-session.ts';
export type { SessionObject, SessionResource, SessionValue } from './session/session-object.ts';
export type { Signer, VerifyOptions } from './signature/verify-options.ts';
export { formatFrame, type WasmFrame } from './text/wasm-frame.ts';
export type { JsonSchema } from './typed-json/json-schema.ts';
export type { Watcher, WatchOptions } from './watch/watcher.ts';
