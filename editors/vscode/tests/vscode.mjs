// A real VS Code for one test: code-server on directories of its own, its windows in a headless Chromium.

import { chromium } from 'playwright-core';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { CACHE, CHROMIUM, VSCODE } from './install.mjs';
import { PATIENCE } from './patience.mjs';

/** VS Code without what would be in the way: surveys, welcome pages, trust questions, blinking. */
const SETTINGS = {
  'security.workspace.trust.enabled': false,
  'workbench.startupEditor': 'none',
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.enableExperiments': false,
  'workbench.commandPalette.history': 0,
  'workbench.editor.empty.hint': 'hidden',
  'workbench.colorTheme': 'Default Dark Modern',
  'chat.disableAIFeatures': true,
  'chat.commandCenter.enabled': false,
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'remote.autoForwardPorts': false,
  'remote.restoreForwardedPorts': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'git.enabled': false,
  'git.openRepositoryInParentFolders': 'never',
  'files.autoSave': 'off',
  'editor.accessibilitySupport': 'off',
  'editor.minimap.enabled': false,
  'editor.cursorBlinking': 'solid',
  'window.menuBarVisibility': 'classic',
  'window.title': '${rootName}',
};

/**
 * Starts VS Code.
 *
 * @param {{extension?: string, settings?: object, env?: object, args?: string[], trust?: boolean}} options
 *   `extension` is a .vsix to install, `env` is for the extension host and so for the server too
 */
export async function startVsCode({ extension, settings = {}, env = {}, args = [], trust = false } = {}) {
  // A socket lives below this directory, and the name of a socket may not be long.
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'bcvs-'));
  const home = path.join(root, 'home');
  const user = path.join(root, 'user');
  const extensions = path.join(root, 'extensions');
  for (const directory of [home, path.join(user, 'User'), extensions]) fs.mkdirSync(directory, { recursive: true });
  const allSettings = { ...SETTINGS, ...(trust ? { 'security.workspace.trust.enabled': true } : {}), ...settings };
  fs.writeFileSync(path.join(user, 'User/settings.json'), JSON.stringify(allSettings, null, 2));
  fs.writeFileSync(path.join(root, 'config.yaml'), 'auth: none\n');
  const base = [VSCODE.entry, '--config', path.join(root, 'config.yaml'), '--user-data-dir', user, '--extensions-dir', extensions];
  const environment = { ...cleanEnvironment(), ...xdg(home), EXTENSIONS_GALLERY: '{"serviceUrl":""}', ...env };

  let server;
  let browser;
  let said = '';
  const close = async () => {
    await browser?.close().catch(() => {});
    if (server) await end(server);
    fs.rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    openCodes.delete(close);
  };
  openCodes.add(close);
  try {
    if (extension) installExtension(extension, extensions, base, environment);
    const serve = ['--auth', 'none', '--bind-addr', '127.0.0.1:0', '--disable-telemetry', '--disable-update-check'];
    const quiet = ['--disable-getting-started-override', '--disable-proxy', '--idle-timeout-seconds', '120'];
    const trusting = trust ? [] : ['--disable-workspace-trust'];
    server = spawn(VSCODE.node, [...base, ...serve, ...quiet, ...trusting, ...args], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    for (const stream of [server.stdout, server.stderr]) stream.on('data', (data) => (said += data));
    const url = await listening(server, () => said);
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      headless: true,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-sync'],
    });
    return { url, user, extensions, close, said: () => said, openWindow: (folder, options) => openWindow(browser, url, folder, options) };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Installs an extension as VS Code does it, once for all tests, and copies what came of that: it takes more of the
 * processor than the start of code-server.
 */
function installExtension(extension, folder, base, env) {
  const { size, mtimeMs } = fs.statSync(extension);
  const kept = path.join(CACHE, 'vscode-extensions');
  const installed = path.join(kept, `${path.basename(extension)}-${size}-${Math.round(mtimeMs)}`);
  if (!fs.existsSync(installed)) {
    fs.rmSync(kept, { recursive: true, force: true });
    const fresh = path.join(kept, String(process.pid));
    fs.mkdirSync(fresh, { recursive: true });
    // The last of two options of one name counts.
    execFileSync(VSCODE.node, [...base, '--extensions-dir', fresh, '--install-extension', extension, '--force'], { env, stdio: 'pipe' });
    fs.renameSync(fresh, installed);
  }
  fs.cpSync(installed, folder, { recursive: true });
}

/** Every VS Code that is open: an interrupted run ends them, as they are detached. */
const openCodes = new Set();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    Promise.allSettled([...openCodes].map((close) => close())).then(() => process.exit(143));
  });
}

/** VS Code's own variables would make it believe that it runs inside another one. */
function cleanEnvironment() {
  const foreign = /^(VSCODE_|ELECTRON_|CODE_SERVER_|BACKCHAT_)|^(PORT|PASSWORD|NODE_OPTIONS)$/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}

function xdg(home) {
  return {
    HOME: home,
    XDG_CONFIG_HOME: path.join(home, '.config'),
    XDG_DATA_HOME: path.join(home, '.local/share'),
    XDG_CACHE_HOME: path.join(home, '.cache'),
    XDG_STATE_HOME: path.join(home, '.local/state'),
  };
}

function listening(server, said) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`VS Code did not start:\n${said()}`)), PATIENCE);
    const read = () => {
      const match = /HTTP server listening on (http:\/\/[^\s/]+)/.exec(said());
      if (!match) return;
      clearTimeout(timer);
      resolve(match[1]);
    };
    server.stdout.on('data', read);
    server.stderr.on('data', read);
    server.on('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`VS Code ended with ${code}:\n${said()}`));
    });
  });
}

async function end(server) {
  const gone = server.exitCode !== null || server.signalCode !== null ? Promise.resolve() : new Promise((resolve) => server.once('exit', resolve));
  const signal = (name) => {
    try {
      process.kill(-server.pid, name);
    } catch {
      // It is gone already.
    }
  };
  signal('SIGTERM');
  await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 8000).unref())]);
  signal('SIGKILL');
}

/** What each window has written to its console. */
const consoles = new WeakMap();

/** The lines of a window's console, with their times. */
export function consoleOf(page) {
  return consoles.get(page) ?? [];
}

/**
 * Opens a window, a page of the browser.
 *
 * @param {{size?: object, payload?: (host: string) => string[][], before?: (page: object) => Promise<void>, scale?: number}} options
 */
async function openWindow(browser, url, folder, { size = { width: 1400, height: 900 }, payload, before, scale = 1 } = {}) {
  const context = await browser.newContext({
    viewport: size,
    deviceScaleFactor: scale,
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const lines = [];
  consoles.set(page, lines);
  const write = (kind, text) => lines.push(`${new Date().toISOString()} [${kind}] ${text}`);
  page.on('console', (message) => write(message.type(), message.text()));
  page.on('pageerror', (error) => write('uncaught', error.stack ?? error.message));
  if (before) await before(page);
  const query = new URLSearchParams({ folder });
  if (payload) query.set('payload', JSON.stringify(payload(new URL(url).host)));
  await page.goto(`${url}/?${query}`, { waitUntil: 'domcontentloaded' });
  await page.locator('.monaco-workbench').waitFor();
  return page;
}
