// What a test of the whole takes place in: a folder with code, a model that says what it is told to, and
// a configuration and a state directory of its own.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startScriptedModel } from '../../tests/scripted_model.mjs';

/** The files of the folder. */
export const FILES = {
  'prices.rs': [
    'fn total(prices: &[u32]) -> u32 {',
    '    let mut sum = 0;',
    '    for price in prices {',
    '        sum += price;',
    '    }',
    '    sum',
    '}',
    '',
    'fn main() {',
    '    println!("{}", total(&[1, 2, 3]));',
    '}',
    '',
  ].join('\n'),
  'notes.txt': ['first note', 'second note', 'third note', ''].join('\n'),
  'empty.md': '',
};

/** Makes a world; its `env` is for the process that starts editors. */
export async function makeWorld(files = FILES) {
  const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'bcworld-')));
  const folder = path.join(root, 'shop');
  const state = path.join(root, 'state');
  fs.mkdirSync(folder);
  fs.mkdirSync(state, { mode: 0o700 });
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text);
  const model = await startScriptedModel();
  const config = path.join(root, 'config.toml');
  fs.writeFileSync(
    config,
    [
      'default_model = "scripted"',
      '[models.scripted]',
      'format = "openai-chat"',
      `base_url = "${model.baseUrl}"`,
      'model = "scripted"',
      '[models.locked]',
      'format = "openai-chat"',
      `base_url = "${model.baseUrl}"`,
      'model = "scripted"',
      'api_key_env = "BACKCHAT_LOCKED_KEY"',
      '',
    ].join('\n'),
  );
  return {
    root,
    folder,
    state,
    model,
    env: { BACKCHAT_CONFIG: config, BACKCHAT_STATE_DIR: state, BACKCHAT_LOG: 'debug' },
    close: async () => {
      await model.close();
      fs.rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

/** What the servers of a world have written to their log so far. */
export function serverLog({ state }) {
  const logs = path.join(state, 'logs');
  return fs.readdirSync(logs).map((name) => fs.readFileSync(path.join(logs, name), 'utf8')).join('');
}
