// The methods by name, with the types of what goes in and comes out. They are not those of the language client,
// whose code is loaded only when the server is started.

import type { TextDocumentIdentifier } from 'vscode-languageclient';
import {
  method,
  type BufferLostParams,
  type ClientOptions,
  type DidFocusParams,
  type ModelsResult,
  type ProposalParams,
  type ProposalResult,
  type PromptsParams,
  type PromptsResult,
  type ProvideKeyParams,
  type RequestDidChangeParams,
  type RequestInfo,
  type RequestParams,
  type RequestsParams,
  type RequestsResult,
  type ResponseDeltaParams,
  type ResponseReadyParams,
  type SelectModelParams,
  type SessionParams,
  type SessionResult,
  type SessionsParams,
  type SessionsResult,
  type StatusInfo,
  type SubmitParams,
  type SubmitResult,
  type TakeParams,
  type TakeResult,
} from './protocol';

/** A request; `types` is there for the compiler alone. */
export interface RequestMethod<P, R> {
  readonly name: string;
  readonly types?: { readonly params: P; readonly result: R };
}

/** A notification, of the server or to it. */
export interface NotificationMethod<P> {
  readonly name: string;
  readonly types?: { readonly params: P };
}

export const submit: RequestMethod<SubmitParams, SubmitResult> = { name: method.submit };
export const sessions: RequestMethod<SessionsParams, SessionsResult> = { name: method.sessions };
export const session: RequestMethod<SessionParams, SessionResult> = { name: method.session };
export const requests: RequestMethod<RequestsParams, RequestsResult> = { name: method.requests };
export const take: RequestMethod<TakeParams, TakeResult> = { name: method.take };
export const cancel: RequestMethod<RequestParams, RequestInfo> = { name: method.cancel };
export const retry: RequestMethod<RequestParams, RequestInfo> = { name: method.retry };
export const allow: RequestMethod<RequestParams, RequestInfo> = { name: method.allow };
export const dismiss: RequestMethod<RequestParams, RequestInfo> = { name: method.dismiss };
export const proposal: RequestMethod<ProposalParams, ProposalResult> = { name: method.proposal };
export const prompts: RequestMethod<PromptsParams, PromptsResult> = { name: method.prompts };
export const models: RequestMethod<undefined, ModelsResult> = { name: method.models };
export const selectModel: RequestMethod<SelectModelParams, unknown> = { name: method.selectModel };
export const provideKey: RequestMethod<ProvideKeyParams, unknown> = { name: method.provideKey };
export const status: RequestMethod<undefined, StatusInfo> = { name: method.status };

export const didFocus: NotificationMethod<DidFocusParams> = { name: method.didFocus };
export const requestDidChange: NotificationMethod<RequestDidChangeParams> = { name: method.requestDidChange };
export const responseDelta: NotificationMethod<ResponseDeltaParams> = { name: method.responseDelta };
export const responseReady: NotificationMethod<ResponseReadyParams> = { name: method.responseReady };
export const statusDidChange: NotificationMethod<StatusInfo> = { name: method.statusDidChange };

/** Of the standard: files that have another name now. */
export const didRenameFiles: NotificationMethod<{ files: readonly { readonly oldUri: string; readonly newUri: string }[] }> = { name: 'workspace/didRenameFiles' };

export const bufferLost: NotificationMethod<BufferLostParams> = { name: method.bufferLost };

/** Of the standard: a buffer that is closed, and opened with its text. */
export const didClose: NotificationMethod<{ textDocument: TextDocumentIdentifier }> = { name: 'textDocument/didClose' };
export const didOpen: NotificationMethod<{ textDocument: TextDocumentIdentifier & { languageId: string; version: number; text: string } }> = { name: 'textDocument/didOpen' };

/** Of the standard: settings of the client that changed. */
export const didChangeConfiguration: NotificationMethod<{ settings: { backchat: ClientOptions } }> = { name: 'workspace/didChangeConfiguration' };
