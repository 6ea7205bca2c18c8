// The custom methods by name, with the types of what goes in and comes out.

import { NotificationType, RequestType } from 'vscode-languageclient/node';
import type {
  DidFocusParams,
  ModelsResult,
  ProvideKeyParams,
  RequestDidChangeParams,
  RequestInfo,
  RequestParams,
  RequestsParams,
  RequestsResult,
  ResponseDeltaParams,
  ResponseReadyParams,
  SelectModelParams,
  SessionParams,
  SessionResult,
  SessionsParams,
  SessionsResult,
  StatusInfo,
  SubmitParams,
  SubmitResult,
  TakeParams,
  TakeResult,
} from './protocol';

/** The version of the contract that this extension speaks. */
export const PROTOCOL_VERSION = 1;

/** An empty set of parameters. */
export type Nothing = Record<string, never>;

export const submit = new RequestType<SubmitParams, SubmitResult, void>('backchat/submit');
export const sessions = new RequestType<SessionsParams, SessionsResult, void>('backchat/sessions');
export const session = new RequestType<SessionParams, SessionResult, void>('backchat/session');
export const requests = new RequestType<RequestsParams, RequestsResult, void>('backchat/requests');
export const take = new RequestType<TakeParams, TakeResult, void>('backchat/take');
export const cancel = new RequestType<RequestParams, RequestInfo, void>('backchat/cancel');
export const retry = new RequestType<RequestParams, RequestInfo, void>('backchat/retry');
export const dismiss = new RequestType<RequestParams, RequestInfo, void>('backchat/dismiss');
export const models = new RequestType<Nothing, ModelsResult, void>('backchat/models');
export const selectModel = new RequestType<SelectModelParams, unknown, void>('backchat/selectModel');
export const provideKey = new RequestType<ProvideKeyParams, unknown, void>('backchat/provideKey');
export const status = new RequestType<Nothing, StatusInfo, void>('backchat/status');

export const didFocus = new NotificationType<DidFocusParams>('backchat/didFocus');
export const requestDidChange = new NotificationType<RequestDidChangeParams>('backchat/requestDidChange');
export const responseDelta = new NotificationType<ResponseDeltaParams>('backchat/responseDelta');
export const responseReady = new NotificationType<ResponseReadyParams>('backchat/responseReady');
export const statusDidChange = new NotificationType<StatusInfo>('backchat/statusDidChange');
