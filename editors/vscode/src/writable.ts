// What VS Code alone knows about whether a buffer may be changed. The server looks at the disk, and at the
// folders of the workspace.

import * as vscode from 'vscode';

/** Whether a buffer is read-only by its kind, or as `files.readonlyInclude` and `files.readonlyExclude` say. */
export function isReadOnly(document: vscode.TextDocument): boolean {
  const { uri, isUntitled } = document;
  if (isUntitled) return false;
  if (vscode.workspace.fs.isWritableFileSystem(uri.scheme) === false) return true;
  const files = vscode.workspace.getConfiguration('files', uri);
  const matches = (setting: string): boolean =>
    Object.entries(files.get<Record<string, boolean>>(setting, {})).some(([pattern, on]) => on && vscode.languages.match({ pattern }, document) > 0);
  return matches('readonlyInclude') && !matches('readonlyExclude');
}
