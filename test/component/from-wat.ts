import { expect } from 'chai';
import { analyzeComponent, type ComponentAnalysis } from '../../src/component/analyze.ts';
import type { Component } from '../../src/component/ast.ts';
import { parseComponent } from '../../src/component/parse.ts';
import { type ErrorCode, PluginError } from '../../src/errors.ts';
import { component } from '../support/wat.ts';

export interface Parsed {
  readonly bytes: Uint8Array;
  readonly component: Component;
  readonly analysis: ComponentAnalysis;
}

/** Assembles, parses and analyses the text of a component. */
export async function fromWat(wat: string): Promise<Parsed> {
  return fromBytes(await component(wat));
}

export function fromBytes(bytes: Uint8Array): Parsed {
  const parsed = parseComponent(bytes);
  return { bytes, component: parsed, analysis: analyzeComponent(parsed) };
}

/** Runs what must throw a PluginError with this code, and returns it. */
export function refusal(code: ErrorCode, run: () => unknown): PluginError {
  let result: unknown;
  try {
    result = run();
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    expect(error.code, error.message).to.equal(code);
    return error;
  }
  throw new Error(`Expected ${code}, got ${String(result)}`);
}
