// The custom methods by name, with the types of what goes in and comes out.

import { NotificationType, RequestType } from 'vscode-languageclient/node';
import {
  method,
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

export const submit = new RequestType<SubmitParams, SubmitResult, void>(method.submit);
export const sessions = new RequestType<SessionsParams, SessionsResult, void>(method.sessions);
export const session = new RequestType<SessionParams, SessionResult, void>(method.session);
export const requests = new RequestType<RequestsParams, RequestsResult, void>(method.requests);
export const take = new RequestType<TakeParams, TakeResult, void>(method.take);
export const cancel = new RequestType<RequestParams, RequestInfo, void>(method.cancel);
export const retry = new RequestType<RequestParams, RequestInfo, void>(method.retry);
export const allow = new RequestType<RequestParams, RequestInfo, void>(method.allow);
export const dismiss = new RequestType<RequestParams, RequestInfo, void>(method.dismiss);
export const proposal = new RequestType<ProposalParams, ProposalResult, void>(method.proposal);
export const prompts = new RequestType<PromptsParams, PromptsResult, void>(method.prompts);
export const models = new RequestType<undefined, ModelsResult, void>(method.models);
export const selectModel = new RequestType<SelectModelParams, unknown, void>(method.selectModel);
export const provideKey = new RequestType<ProvideKeyParams, unknown, void>(method.provideKey);
export const status = new RequestType<undefined, StatusInfo, void>(method.status);

export const didFocus = new NotificationType<DidFocusParams>(method.didFocus);
export const requestDidChange = new NotificationType<RequestDidChangeParams>(method.requestDidChange);
export const responseDelta = new NotificationType<ResponseDeltaParams>(method.responseDelta);
export const responseReady = new NotificationType<ResponseReadyParams>(method.responseReady);
export const statusDidChange = new NotificationType<StatusInfo>(method.statusDidChange);
