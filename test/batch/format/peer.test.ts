import { expect } from 'chai';
import { loadPeer } from '../../../src/batch/format/peer.ts';
import { rejection } from '../../support/outcome.ts';

describe('a package that only some formats take', () => {
  it('is named by the error where it is not installed', async () => {
    const error = await rejection(loadPeer('wasm-plugin-pool-peer', 'Reading Parquet'));
    expect([error.code, error.message, error.hint]).to.deep.equal([
      'ERR_INVALID_ARGUMENT',
      'Reading Parquet needs the package wasm-plugin-pool-peer, which is not installed',
      'Install it: npm install wasm-plugin-pool-peer.',
    ]);
  });
});
