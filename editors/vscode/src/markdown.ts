// What a model writes is untrusted. VS Code keeps command links and scripts out of untrusted markdown
// by itself; it does load remote images, and its preview renders raw HTML. `harmless` takes both out.
//
// A model could try to make a sanitizer and the renderer disagree about what is code. So fences and
// code spans are not only recognised, they are written anew in a form that reads in one way only.

/** A fenced block of code in a response. */
export interface CodeBlock {
  /** The info string's first word, `rust` for example; empty when there is none. */
  readonly language: string;
  /** The code as the model wrote it, without a final line break. */
  readonly code: string;
}

type Segment = { readonly kind: 'text'; readonly lines: string[] } | (CodeBlock & { readonly kind: 'code' });

const OPENING_FENCE = /^([ \t]*)(`{3,}|~{3,})([^`]*)$/;

/** Splits markdown into fenced code and the rest. An unclosed fence, as while streaming, ends at the end. */
function segments(markdown: string): Segment[] {
  const found: Segment[] = [];
  let text: string[] = [];
  const lines = markdown.split(/\r\n|\n|\r/);
  for (let index = 0; index < lines.length; index += 1) {
    const opening = OPENING_FENCE.exec(lines[index] ?? '');
    if (!opening) {
      text.push(lines[index] ?? '');
      continue;
    }
    const [, indent = '', fence = '', info = ''] = opening;
    const code: string[] = [];
    for (index += 1; index < lines.length; index += 1) {
      const line = lines[index] ?? '';
      const bare = line.trim();
      if (bare.length >= fence.length && bare === fence.charAt(0).repeat(bare.length)) break;
      code.push(withoutIndent(line, indent.length));
    }
    found.push({ kind: 'text', lines: text });
    found.push({ kind: 'code', language: info.trim().split(/\s/)[0] ?? '', code: code.join('\n') });
    text = [];
  }
  found.push({ kind: 'text', lines: text });
  return found;
}

/** Takes away at most as much white space as the fence was indented by. */
function withoutIndent(line: string, indent: number): string {
  const own = line.length - line.trimStart().length;
  return line.slice(Math.min(indent, own));
}

/** The fenced blocks of code, in their order. */
export function codeBlocks(markdown: string): CodeBlock[] {
  return segments(markdown)
    .filter((segment) => segment.kind === 'code')
    .map(({ language, code }) => ({ language, code }));
}

/** A fenced block that no content can close, at the left margin, where no list or quote can change its meaning. */
export function fenced(code: string, language = ''): string {
  const longest = Math.max(2, ...[...code.matchAll(/`+/g)].map((run) => run[0].length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language.replace(/[^\w+#.-]/g, '')}\n${code}\n${fence}`;
}

/**
 * Markdown that shows the same words and code, but loads nothing and holds no raw HTML. Images become
 * links; tags are shown as text.
 */
export function harmless(markdown: string): string {
  return segments(visible(markdown))
    .map((segment) =>
      segment.kind === 'code' ? fenced(segment.code, segment.language) : segment.lines.map(harmlessLine).join('\n'),
    )
    .join('\n')
    .replace(/^\n+|\n+$/g, '');
}

function harmlessLine(line: string): string {
  let out = '';
  for (let at = 0; at < line.length; ) {
    const rest = line.slice(at);
    const char = rest.charAt(0);
    if (char === '\\' && rest.length > 1) {
      out += rest.slice(0, 2);
      at += 2;
    } else if (char === '`') {
      const run = /^`+/.exec(rest)?.[0] ?? '`';
      const close = closingRun(rest, run);
      // A run without its partner on this line might pair with one of another line: escaped, it can't.
      out += close === undefined ? '\\`'.repeat(run.length) : rest.slice(0, close);
      at += close ?? run.length;
    } else if (rest.startsWith('![')) {
      out += '\\![';
      at += 2;
    } else if (/^<[a-z/!?]/i.test(rest)) {
      out += '&lt;';
      at += 1;
    } else {
      out += char;
      at += 1;
    }
  }
  return out;
}

/** Where the code span that begins with `run` ends, if it does. */
function closingRun(text: string, run: string): number | undefined {
  for (const match of text.slice(run.length).matchAll(/`+/g)) {
    if (match[0].length === run.length) return run.length + match.index + match[0].length;
  }
  return undefined;
}

/**
 * Shows what would otherwise change how text reads without being seen: control characters and the
 * marks that turn the direction of writing or have no width.
 */
export function visible(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, (char) =>
    `[U+${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}]`,
  );
}

/** Text that markdown shows letter by letter. */
export function escaped(text: string): string {
  return visible(text).replace(/[\\`*_{}[\]()#+\-.!|~<>&]/g, (char) => (char === '<' ? '&lt;' : char === '&' ? '&amp;' : `\\${char}`));
}

/** The first line that says something, as plain text of at most `limit` characters. */
export function firstLine(markdown: string, limit: number): string {
  const line =
    visible(markdown)
      .split(/\r\n|\n|\r/)
      .filter((text) => !OPENING_FENCE.test(text))
      .map((text) => text.replace(/^\s*(?:#{1,6}\s+|>\s*|[-*+]\s+|\d+[.)]\s+)*/, '').replace(/\*\*|`/g, '').trim())
      .find((text) => /[\p{L}\p{N}]/u.test(text)) ?? '';
  const text = line.replace(/\s+/g, ' ');
  if (text.length <= limit) return text;
  const characters = [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment);
  return characters.length <= limit ? characters.join('') : `${characters.slice(0, limit - 1).join('').trimEnd()}…`;
}
