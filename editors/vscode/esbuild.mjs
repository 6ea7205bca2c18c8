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
  const entries = (folder) => fs.readdirSync(path.join(root, folder)).filter((name) => name.endsWith('.test.ts')).map((name) => path.join(folder, name));
  fs.rmSync(path.join(root, 'out'), { recursive: true, force: true });
  await esbuild.build({ ...shared, entryPoints: entries('tests/unit'), outdir: 'out/unit', sourcemap: 'inline' });
  // Mocha is loaded once, by the entry; the tests use its globals.
  const inHost = { ...shared, external: ['vscode', 'mocha'], sourcemap: 'inline' };
  await esbuild.build({ ...inHost, entryPoints: ['tests/exthost/index.ts'], outfile: 'out/exthost/index.js' });
  await esbuild.build({ ...inHost, entryPoints: entries('tests/exthost'), outdir: 'out/exthost/tests' });
}
