// Bundles the extension into dist/, and with --tests the tests into out/.

import * as esbuild from 'esbuild';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(fileURLToPath(import.meta.url));
const tests = process.argv.includes('--tests');

/** The extension host loads CommonJS and provides `vscode`; 1.96 runs Node.js 20. */
const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  external: ['vscode'],
  mainFields: ['module', 'main'],
  logLevel: 'warning',
};

await esbuild.build({
  ...shared,
  entryPoints: ['src/extension.ts'],
  outfile: 'dist/extension.js',
  minify: true,
  sourcemap: tests ? 'inline' : false,
});

if (tests) {
  const unit = fs.readdirSync(path.join(root, 'tests/unit')).map((name) => path.join('tests/unit', name));
  await esbuild.build({ ...shared, entryPoints: unit, outdir: 'out/unit', sourcemap: 'inline' });
  await esbuild.build({
    ...shared,
    entryPoints: ['tests/exthost/index.ts'],
    outfile: 'out/exthost/index.js',
    external: ['vscode', 'mocha'],
    sourcemap: 'inline',
  });
}
