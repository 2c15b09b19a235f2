import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slug } from '../src/slug.js';

test('joins words in lower case', () => {
  assert.equal(slug('  Hello, World! ', '-'), 'hello-world');
});

test('keeps letters of other scripts', () => {
  assert.equal(slug('Größe 42', '_'), 'größe_42');
});

test('makes nothing of nothing', () => {
  assert.equal(slug('?!', '-'), '');
});
