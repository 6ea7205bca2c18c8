// VS Code's own progress notification, for those who ask for it: it follows a request to its end, and
// its Cancel button cancels the request.

import * as vscode from 'vscode';
import { duration } from './labels';
import { firstLine } from './markdown';
import * as methods from './methods';
import { isFinished } from './places';
import type { RequestInfo } from './protocol';
import type { Server } from './server';

/** Shows the progress of a request until it is finished. */
export async function showProgress(server: Server, request: RequestInfo): Promise<void> {
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, cancellable: true, title: `Backchat: ${firstLine(request.prompt, 60)}` },
    (progress, cancelled) =>
      new Promise<void>((resolve) => {
        let latest = request;
        const tell = (): void => {
          const since = latest.state === 'running' ? ` ${duration(Date.now() - (latest.startedAt ?? Date.now()))}` : '';
          progress.report({ message: `${latest.state}${since}` });
        };
        const subscription = server.on(methods.requestDidChange, ({ request: changed }) => {
          if (changed.id !== request.id) return;
          latest = changed;
          if (isFinished(changed)) end();
          else tell();
        });
        const tick = setInterval(tell, 1000);
        const end = (): void => {
          clearInterval(tick);
          subscription.dispose();
          resolve();
        };
        cancelled.onCancellationRequested(() => {
          server.request(methods.cancel, { requestId: request.id }).catch(() => undefined);
          end();
        });
        if (isFinished(request)) end();
        else tell();
      }),
  );
}
