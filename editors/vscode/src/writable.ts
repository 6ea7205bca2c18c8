// Whether a buffer may be changed.

import * as fs from 'node:fs/promises';
import * as vscode from 'vscode';

/** Owner, group or others may write. */
const WRITE_BITS = 0o222;

/** Why a buffer must not be changed, if so. */
export async function refusal(document: vscode.TextDocument): Promise<string | undefined> {
  const { uri, isUntitled } = document;
  if (isUntitled) return undefined;
  const name = vscode.workspace.asRelativePath(uri);
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length > 0 && !vscode.workspace.getWorkspaceFolder(uri)) {
    return `${name} is outside of the workspace; nothing was applied. Add its folder to the workspace first.`;
  }
  return isReadOnlyBySettings(document) || (await isReadOnlyOnDisk(uri)) ? `${name} is read-only; nothing was applied.` : undefined;
}

/** As `files.readonlyInclude` and `files.readonlyExclude` say. */
function isReadOnlyBySettings(document: vscode.TextDocument): boolean {
  const files = vscode.workspace.getConfiguration('files', document.uri);
  const matches = (setting: string): boolean =>
    Object.entries(files.get<Record<string, boolean>>(setting, {})).some(([pattern, on]) => on && vscode.languages.match({ pattern }, document) > 0);
  return matches('readonlyInclude') && !matches('readonlyExclude');
}

async function isReadOnlyOnDisk(uri: vscode.Uri): Promise<boolean> {
  if (vscode.workspace.fs.isWritableFileSystem(uri.scheme) === false) return true;
  try {
    if (uri.scheme === 'file') return ((await fs.stat(uri.fsPath)).mode & WRITE_BITS) === 0;
    return (await vscode.workspace.fs.stat(uri)).permissions === vscode.FilePermission.Readonly;
  } catch {
    // Not on disk any more; the buffer is still the user's to change.
    return false;
  }
}
