import { sha256 } from '../artifact/pieces.ts';
import { readSource } from '../artifact/source.ts';
import { analyzeComponent, type ComponentAnalysis } from '../component/analyze.ts';
import type { Component } from '../component/ast.ts';
import { assertPlainNames } from '../component/names.ts';
import { parseComponent } from '../component/parse.ts';
import { unusable } from './failure.ts';

/** A component as it is in its file; nothing of it has run. */
export interface ComponentFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** In hexadecimal. */
  readonly sha256: string;
  readonly component: Component;
  readonly analysis: ComponentAnalysis;
}

/**
 * Reads a component's file and resolves its types.
 *
 * @throws {Failure} with status 2 when there is no such file, or it is no component.
 */
export async function readComponent(path: string): Promise<ComponentFile> {
  try {
    const bytes = await readSource(path);
    const component = parseComponent(bytes);
    assertPlainNames(component);
    const analysis = analyzeComponent(component);
    return { bytes, sha256: (await sha256(bytes)).toString('hex'), component, analysis };
  } catch (error) {
    throw unusable(error);
  }
}
