// `backchat doctor`, shown in an output channel: configuration, keys, endpoints, store.

import { execFile } from 'node:child_process';
import * as vscode from 'vscode';
import { findServer } from './binary';
import { settings } from './settings';

/** Runs the program's own diagnosis. */
export class Doctor implements vscode.Disposable {
  readonly #extensionPath: string;
  #output: vscode.OutputChannel | undefined;

  constructor(extensionPath: string) {
    this.#extensionPath = extensionPath;
  }

  dispose(): void {
    this.#output?.dispose();
  }

  /** Shows what the program finds; resolves with its text when it is done. */
  async run(): Promise<string> {
    const { command, version } = await findServer(this.#extensionPath, settings.serverPath());
    const output = (this.#output ??= vscode.window.createOutputChannel('Backchat Doctor'));
    output.clear();
    output.show(true);
    output.appendLine(`${command} (${version})\n`);
    const text = await new Promise<string>((resolve) => {
      // Problems make the exit code differ from 0; what they are is in the text.
      execFile(command, ['doctor'], { timeout: 60_000, env: { ...process.env, NO_COLOR: '1' } }, (error, stdout, stderr) => {
        resolve([stdout, stderr, stdout === '' && error ? error.message : ''].filter(Boolean).join('\n'));
      });
    });
    output.append(text);
    return text;
  }
}
