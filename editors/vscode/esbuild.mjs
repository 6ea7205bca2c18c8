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

/** Leaves the `import('./client')` of the extension to be loaded from the file beside, when it is run. */
const clientBeside = {
  name: 'client-beside',
  setup: (build) =>
    build.onResolve({ filter: /^\.\/client$/ }, ({ kind }) => (kind === 'dynamic-import' ? { path: './client.js', external: true } : undefined)),
};

/** An import of a namespace copies every name of VS Code's API in each file that has it, which takes a third of the activation. */
const vscodeAsItIs = {
  name: 'vscode-as-it-is',
  setup: (build) =>
    build.onLoad({ filter: /[\\/]src[\\/]\w+\.ts$/ }, async (file) => ({
      loader: 'ts',
      contents: (await fs.promises.readFile(file.path, 'utf8')).replace("import * as vscode from 'vscode';", "const vscode = require('vscode');"),
    })),
};

await esbuild.build({
  ...shared,
  entryPoints: ['src/extension.ts', 'src/client.ts'],
  outdir: 'dist',
  plugins: [clientBeside, vscodeAsItIs],
  // The extension host provides `vscode` to what is required, not to what is imported.
  supported: { 'dynamic-import': false },
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
