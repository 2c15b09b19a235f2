import { fileURLToPath } from 'node:url';
import { type GrpcObject, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** The service of `plugin.proto`. */
export function service(): ServiceClientConstructor {
  const definition = loadPackageDefinition(loadSync(fileURLToPath(new URL('./plugin.proto', import.meta.url))));
  return (definition.bench as GrpcObject).Plugin as ServiceClientConstructor;
}
