import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { rot13 } from '../../work/rot13.ts';
import { service } from './grpc-service.ts';

type Call = ServerUnaryCall<{ input: string }, { output: string }>;

const server = new Server();
server.addService(service().service, {
  process: (call: Call, answer: sendUnaryData<{ output: string }>) =>
    answer(null, { output: rot13(call.request.input) }),
});
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.send!({ port });
});

process.on('disconnect', () => process.exit());
