import assert from 'node:assert/strict';
import test from 'node:test';
import { codeBlocks, escaped, fenced, firstLine, harmless } from '../../src/markdown';

test('images become links, and nothing is loaded', () => {
  assert.equal(harmless('see ![a cat](https://example.org/cat.png)'), 'see \\![a cat](https://example.org/cat.png)');
  assert.equal(harmless('![cat][ref]\n\n[ref]: https://example.org/c.png'), '\\![cat][ref]\n\n[ref]: https://example.org/c.png');
});

test('raw HTML is shown as text', () => {
  assert.equal(harmless('a <img src=x onerror=y> b'), 'a &lt;img src=x onerror=y> b');
  assert.equal(harmless('<!-- hidden -->'), '&lt;!-- hidden -->');
  assert.equal(harmless('1 < 2 and a<- b'), '1 < 2 and a<- b');
});

test('code stays as it is', () => {
  assert.equal(harmless('use `vec![1]` or `Vec<T>`'), 'use `vec![1]` or `Vec<T>`');
  assert.equal(harmless('```rust\nlet v = vec![1];\n```'), '```rust\nlet v = vec![1];\n```');
  assert.equal(harmless('``a ` ![b](c)``'), '``a ` ![b](c)``');
});

test('a lone backtick can not turn an image of another line into code and back', () => {
  const shown = harmless('a ` b\n`![x](https://example.org/x.png)`');
  assert.equal(shown, 'a \\` b\n`![x](https://example.org/x.png)`');
});

test('a fence in a list is moved to the margin, where it can mean only one thing', () => {
  assert.equal(harmless('1. do\n   ```sh\n   ls\n     -l\n   ```\n2. done'), '1. do\n```sh\nls\n  -l\n```\n2. done');
});

test('a fence that never closes ends at the end', () => {
  assert.equal(harmless('```js\nlet a'), '```js\nlet a\n```');
});

test('code can not close its own fence', () => {
  assert.equal(harmless('~~~~\n```\n![x](y)\n~~~~'), '````\n```\n![x](y)\n````');
  assert.equal(fenced('```', 'a b<c>'), '````abc\n```\n````');
});

test('what turns the direction of writing is made visible', () => {
  assert.equal(harmless('a\u202Eb\u0007'), 'a[U+202E]b[U+0007]');
});

test('blocks of code are found with their languages', () => {
  assert.deepEqual(codeBlocks('x\n```rust\na\n```\ny\n~~~\nb\nc\n~~~'), [
    { language: 'rust', code: 'a' },
    { language: '', code: 'b\nc' },
  ]);
  assert.deepEqual(codeBlocks('no code'), []);
});

test('the first line says something and is plain', () => {
  assert.equal(firstLine('\n\n## **Because** `sum` is a `u32`\nmore', 80), 'Because sum is a u32');
  assert.equal(firstLine('```rust\nlet x = 1;\n```', 80), 'let x = 1;');
  assert.equal(firstLine('- 👨‍👩‍👧 one two three', 6), '👨‍👩‍👧 one…');
  assert.equal(firstLine('', 10), '');
});

test('escaped text has no markup left', () => {
  assert.equal(escaped('[a](command:x) <b> `c`'), '\\[a\\]\\(command:x\\) &lt;b\\> \\`c\\`');
});
