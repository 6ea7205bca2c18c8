// The settings of the extension, read where they are needed. Models, limits and keys are not among
// them: those belong to Backchat's own configuration file, which every editor shares.

import * as vscode from 'vscode';

const SECTION = 'backchat';

/** What the ends of lines show. */
export type Decorations = 'all' | 'unread' | 'off';

/** Every setting by its name without the section, with its default. The manifest has the same; a test compares them. */
export const DEFAULTS = {
  'server.path': '',
  'server.logLevel': 'default',
  toast: true,
  decorations: 'all' as Decorations,
};

type Name = keyof typeof DEFAULTS;

/** The settings as they are now. */
export const settings = {
  /** Machine scope: a workspace can't name a program to run. */
  serverPath: () => read('server.path'),
  /** How much the server logs; `default` is what Backchat's configuration says. */
  serverLogLevel: () => read('server.logLevel'),
  /** Whether one notification may tell that the queue is done while the window has no focus. */
  toast: () => read('toast'),
  /** What the ends of lines show. */
  decorations: () => read('decorations'),

  /** Whether a change touches one of these settings. */
  changed: (event: vscode.ConfigurationChangeEvent, ...names: readonly Name[]): boolean =>
    names.some((name) => event.affectsConfiguration(`${SECTION}.${name}`)),
};

function read<N extends Name>(name: N): (typeof DEFAULTS)[N] {
  return vscode.workspace.getConfiguration(SECTION).get(name, DEFAULTS[name]);
}
