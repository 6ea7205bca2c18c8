// Which model answers.

import * as vscode from 'vscode';
import * as methods from './methods';
import type { Server } from './server';

/** Lets the user select a model; the choice is stored by the server and holds in every window. */
export async function selectModel(server: Server): Promise<void> {
  const { models, selected, problem } = await server.request(methods.models, undefined);
  if (models.length === 0) {
    void vscode.window.showWarningMessage(problem ?? 'No model is configured.');
    return;
  }
  const items = models.map((model) => ({
    label: `${model.name === selected ? '$(check) ' : ''}${model.name}`,
    description: `${model.model} at ${model.baseUrl}`,
    detail: model.problem ? `$(warning) ${model.problem}` : `From ${model.origin}`,
    name: model.name,
  }));
  const otherwise = { label: '$(discard) The configuration’s default', description: '', detail: '', name: undefined };
  const picked = await vscode.window.showQuickPick([...items, otherwise], {
    title: 'Select Model',
    placeHolder: 'The model that answers from now on, in every editor',
    matchOnDescription: true,
  });
  if (picked) await server.request(methods.selectModel, picked.name === undefined ? {} : { model: picked.name });
}
