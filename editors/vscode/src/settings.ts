// The settings of the extension, read where they are needed. Models, limits and keys are not among
// them: those belong to Backchat's own configuration file, which every editor shares.

import * as vscode from 'vscode';

const SECTION = 'backchat';

/** What the ends of lines show. */
export type Decorations = 'all' | 'unread' | 'off';

/** The settings as they are now. */
export const settings = {
  /** Machine scope: a workspace can't name a program to run. */
  serverPath: (): string => read('server.path', ''),
  /** How much the server logs; `default` is what Backchat's configuration says. */
  serverLogLevel: (): string => read('server.logLevel', 'default'),
  /** Whether one notification may tell that the queue is done while the window has no focus. */
  toast: (): boolean => read('toast', true),
  /** What the ends of lines show. */
  decorations: (): Decorations => read<Decorations>('decorations', 'all'),

  /** Whether a change touches one of these settings, named without the section. */
  changed: (event: vscode.ConfigurationChangeEvent, ...names: readonly string[]): boolean =>
    names.some((name) => event.affectsConfiguration(`${SECTION}.${name}`)),
};

function read<T>(name: string, otherwise: T): T {
  return vscode.workspace.getConfiguration(SECTION).get<T>(name, otherwise);
}
