// The language client: how the server's process is spoken to. The library is seven times as large as all else here,
// so that this file is bundled by itself and loaded when the server is started, after the extension is active.

import type { LogOutputChannel } from 'vscode';
import {
  CloseAction,
  DidOpenTextDocumentNotification,
  ErrorAction,
  LanguageClient,
  State,
  type ClientCapabilities,
  type DidOpenTextDocumentParams,
  type LanguageClientOptions,
  type StaticFeature,
} from 'vscode-languageclient/node';
import { PROTOCOL_VERSION, type ClientOptions } from './protocol';

/** What a client is made of, and whom it tells. */
export interface ClientParts {
  /** The server's program, and its environment. */
  readonly command: string;
  readonly env: NodeJS.ProcessEnv;
  readonly documents: readonly { readonly scheme: string }[];
  readonly log: LogOutputChannel;
  /** Which buffer the one is that is open under a URI, where the URI alone does not tell. */
  readonly identityOf: (uri: string) => string | undefined;
  /** Read anew at each start of the process. */
  readonly options: () => ClientOptions;
  /** The server's notifications to listen to, by their names. */
  readonly notifications: readonly string[];
  readonly notified: (name: string, params: unknown) => void;
  /** The server can be asked, or can't any more. */
  readonly changed: (running: boolean) => void;
  /** The process ended without being asked to; resolves with whether to start it again, when that is due. */
  readonly ended: () => Promise<boolean>;
}

/** Tells the server that this client draws by itself and needs none of the standard fallbacks. */
const announcement: StaticFeature = {
  fillClientCapabilities: (capabilities: ClientCapabilities) => {
    capabilities.experimental = {
      ...(capabilities.experimental as object | undefined),
      backchat: { protocolVersion: PROTOCOL_VERSION },
    };
  },
  initialize: () => undefined,
  getState: () => ({ kind: 'static' }),
  clear: () => undefined,
};

function isOpening(type: string | { readonly method: string }): boolean {
  return (typeof type === 'string' ? type : type.method) === DidOpenTextDocumentNotification.method;
}

/** What `textDocument/didOpen` says, with the buffer's identity. */
function withIdentity<P>(params: P, identityOf: ClientParts['identityOf']): P {
  const { textDocument } = params as DidOpenTextDocumentParams;
  const identity = identityOf(textDocument.uri);
  return identity === undefined ? params : { ...params, textDocument: { ...textDocument, identity } };
}

/** A client that is not started yet. It sends every open document again after each start of the process. */
export function clientOf({ command, env, documents, log, identityOf, options, notifications, notified, changed, ended }: ClientParts): LanguageClient {
  const clientOptions: LanguageClientOptions = {
    documentSelector: [...documents],
    outputChannel: log,
    initializationFailedHandler: () => false,
    initializationOptions: options,
    middleware: {
      sendNotification: (type, next, params) => next(type, isOpening(type) ? withIdentity(params, identityOf) : params),
    },
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: async () => ({ action: (await ended()) ? CloseAction.Restart : CloseAction.DoNotRestart, handled: true }),
    },
  };
  const client = new LanguageClient('backchat', 'Backchat', { command, args: ['serve'], options: { env } }, clientOptions);
  client.registerFeature(announcement);
  // The language client has one handler for a method; many parts of the extension listen to the same.
  for (const name of notifications) client.onNotification(name, (params: unknown) => notified(name, params));
  client.onDidChangeState(({ newState }) => changed(newState === State.Running));
  return client;
}
