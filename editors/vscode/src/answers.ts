// An answer about all requests of a buffer takes a moment, and what the server tells meanwhile may be newer.

import type { RequestId, RequestInfo } from './protocol';

/**
 * The requests of a buffer after such an answer: a request that was told since the question was asked stays as it
 * was told. Otherwise its thread would be taken away, with a reply that is being written in it, and come back
 * with the next answer.
 */
export function afterAnswer(answer: readonly RequestInfo[], toldMeanwhile: readonly RequestInfo[]): RequestInfo[] {
  const requests = new Map<RequestId, RequestInfo>(answer.map((request) => [request.id, request]));
  for (const request of toldMeanwhile) requests.set(request.id, request);
  return [...requests.values()];
}
