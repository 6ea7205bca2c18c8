import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

interface Manifest {
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string; readonly enablement?: string }[];
    readonly walkthroughs: readonly {
      readonly steps: readonly { readonly description: string; readonly media: { readonly markdown: string }; readonly completionEvents: readonly string[] }[];
    }[];
  };
}

const root = process.cwd();
const manifest = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as Manifest;
const { commands, walkthroughs } = manifest.contributes;
const steps = walkthroughs.flatMap((walkthrough) => walkthrough.steps);

test('every link and every event of the walkthrough names a command by its own title', () => {
  const titles = new Map(commands.map(({ command, title }) => [command, title]));
  const links = steps.flatMap(({ description }) => [...description.matchAll(/\[([^\]]+)\]\(command:([^)]+)\)/g)]);
  assert.ok(links.length > 0);
  for (const [, title, command] of links) {
    assert.equal(titles.get(command ?? ''), title, command);
  }
  for (const event of steps.flatMap(({ completionEvents }) => completionEvents)) {
    const command = /^onCommand:(.+)$/.exec(event)?.[1];
    if (command !== undefined) assert.ok(titles.has(command), event);
  }
});

test('the pages of the walkthrough are there, and name commands that are', () => {
  const titles = new Set(commands.map(({ title }) => title));
  for (const { media } of steps) {
    const page = fs.readFileSync(path.join(root, media.markdown), 'utf8');
    for (const [, title] of page.matchAll(/\*\*([^*]+)\*\*/g)) assert.ok(titles.has(title ?? ''), `${media.markdown}: ${title ?? ''}`);
  }
});
