/** A page as plain text with the marks of Markdown: headings, lists, links, code. One pass, no tree. Pure. */

/** What stands in these is not text. */
const SILENT = new Set([
  ...[
    'script',
    'style',
    'noscript',
    'template',
    'svg',
    'iframe',
    'object',
    'canvas',
    'head',
    'title',
  ],
]);
/** In these only their own end counts. */
const RAW = new Set(['script', 'style', 'textarea', 'title']);
const BLOCKS = new Set([
  ...['p', 'div', 'section', 'article', 'main', 'header', 'footer', 'aside', 'nav', 'form'],
  ...['table', 'ul', 'ol', 'dl', 'figure', 'blockquote', 'address', 'fieldset', 'details'],
]);
const LINES = new Set(['br', 'tr', 'dt', 'dd', 'hr', 'summary', 'option', 'figcaption']);
const HEADING = /^h([1-6])$/;

export const pageText = (html: string): string => {
  const writer = new Writer();
  const tag = /<[a-z/!?]/gi; // any other `<` is text
  let at = 0;
  while (at < html.length) {
    tag.lastIndex = at;
    const open = tag.exec(html)?.index;
    if (open === undefined) break;
    writer.text(html.slice(at, open));
    at = writer.tag(html, open);
  }
  writer.text(html.slice(at));
  return writer.end();
};

/** A title, when the page has one. */
export const titleOf = (html: string): string | undefined => {
  const [, title = ''] = /<title[^>]{0,200}>([^<]{1,1000})/i.exec(html.slice(0, 100_000)) ?? [];
  const text = decoded(title).replaceAll(/\s+/g, ' ').trim();
  return text === '' ? undefined : text;
};

class Writer {
  readonly #parts: string[] = [];
  /** Silent elements that are open. */
  #silent: string[] = [];
  #preformatted = 0;
  #links: string[] = [];

  text(raw: string): void {
    if (raw === '' || this.#silent.length > 0) return;
    const text = decoded(raw);
    this.#parts.push(this.#preformatted > 0 ? text : text.replaceAll(/\s+/g, ' '));
  }

  /** Takes the tag that begins here, and says where to go on. */
  tag(html: string, open: number): number {
    if (html.startsWith('<!--', open)) return after(html, '-->', open + 4);
    if (html.startsWith('<![CDATA[', open)) return after(html, ']]>', open + 9);
    const isEnd = html[open + 1] === '/';
    const name = nameAt(html, open + (isEnd ? 2 : 1));
    if (name === '') return after(html, '>', open); // a doctype and the like
    const end = endOfTag(html, open);
    if (isEnd) this.#close(name);
    else {
      const isClosed = html[end - 2] === '/';
      this.#open(name, html.slice(open, end), isClosed);
      if (RAW.has(name) && !isClosed) return this.#raw(html, name, end);
    }
    return end;
  }

  end(): string {
    const lines = this.#parts.join('').split('\n');
    return lines
      .map((line) => (/^ \S/.test(line) ? line.slice(1) : line).trimEnd())
      .filter((line, at, all) => line !== '' || all[at - 1] !== '')
      .join('\n')
      .trim();
  }

  #raw(html: string, name: string, from: number): number {
    const close = new RegExp(`</${name}`, 'gi');
    close.lastIndex = from;
    const end = close.exec(html)?.index ?? html.length;
    this.text(html.slice(from, end));
    return end;
  }

  #open(name: string, tag: string, isClosed: boolean): void {
    if (SILENT.has(name)) {
      if (!isClosed) this.#silent.push(name);
      return;
    }
    if (this.#silent.length > 0) {
      // A page may leave out the end of its head.
      if (name === 'body') this.#silent = [];
      return;
    }
    const level = HEADING.exec(name)?.[1];
    if (level !== undefined) this.#put(`\n\n${'#'.repeat(Number(level))} `);
    else if (name === 'pre') {
      this.#preformatted += 1;
      this.#put('\n\n```\n');
    } else if (name === 'code' && this.#preformatted === 0) this.#put('`');
    else if (name === 'li') this.#put('\n- ');
    else if (name === 'td' || name === 'th') this.#put(' | ');
    else if (name === 'a') {
      this.#links.push(linkIn(tag));
      this.#put('[');
    } else if (name === 'img') this.#put(attribute(tag, 'alt'));
    else if (BLOCKS.has(name)) this.#put('\n\n');
    else if (LINES.has(name)) this.#put('\n');
  }

  #close(name: string): void {
    const at = this.#silent.lastIndexOf(name);
    if (at !== -1) {
      this.#silent = this.#silent.slice(0, at);
      return;
    }
    if (this.#silent.length > 0) return;
    if (HEADING.test(name) || BLOCKS.has(name)) this.#put('\n\n');
    else if (name === 'pre') {
      if (this.#preformatted === 0) return;
      this.#preformatted -= 1;
      this.#put('\n```\n\n');
    } else if (name === 'code' && this.#preformatted === 0) this.#put('`');
    else if (name === 'a') this.#endLink();
  }

  #endLink(): void {
    const link = this.#links.pop();
    if (link !== undefined) this.#put(link === '' ? ']' : `](${link})`);
  }

  #put(text: string): void {
    this.#parts.push(text);
  }
}

const after = (html: string, end: string, from: number): number => {
  const at = html.indexOf(end, from);
  return at === -1 ? html.length : at + end.length;
};

const nameAt = (html: string, from: number): string =>
  /^[a-zA-Z][a-zA-Z0-9:-]{0,40}/.exec(html.slice(from, from + 48))?.[0].toLowerCase() ?? '';

/** A `>` in quotes ends no tag. */
const endOfTag = (html: string, open: number): number => {
  let quote = '';
  for (let at = open + 1; at < html.length; at++) {
    const char = html[at] ?? '';
    if (quote !== '') {
      if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '>') return at + 1;
  }
  return html.length;
};

/** Only what can be fetched; a place in the same page is none. */
const linkIn = (tag: string): string => {
  const href = attribute(tag, 'href').trim();
  return /^(#|javascript:|data:)/i.test(href) ? '' : href.slice(0, 2_000);
};

const attribute = (tag: string, name: string): string => {
  const [, , quoted, single, bare] =
    new RegExp(`\\s(${name})\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, 'i').exec(
      tag.slice(0, 10_000),
    ) ?? [];
  return decoded(quoted ?? single ?? bare ?? '');
};

const ENTITIES: Readonly<Record<string, string>> = {
  ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ', shy: '', copy: '©' },
  ...{ reg: '®', trade: '™', hellip: '…', mdash: '—', ndash: '–', lsquo: '‘', rsquo: '’' },
  ...{ ldquo: '“', rdquo: '”', laquo: '«', raquo: '»', bull: '•', middot: '·', times: '×' },
  ...{ rarr: '→', larr: '←', euro: '€', pound: '£', deg: '°', para: '¶', sect: '§' },
  ...{ auml: 'ä', ouml: 'ö', uuml: 'ü', Auml: 'Ä', Ouml: 'Ö', Uuml: 'Ü', szlig: 'ß' },
  ...{ eacute: 'é', egrave: 'è', agrave: 'à', ccedil: 'ç', ntilde: 'ñ' },
};

const decoded = (text: string): string =>
  text.includes('&')
    ? text.replaceAll(/&(#x[0-9a-f]{1,6}|#\d{1,7}|[a-z]{2,8});/gi, (whole, name: string) =>
        name.startsWith('#') ? charOf(name) : (entityOf(name) ?? whole),
      )
    : text;

const entityOf = (name: string): string | undefined =>
  Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined;

const charOf = (name: string): string => {
  const isHex = /^#x/i.test(name);
  const code = Number.parseInt(name.slice(isHex ? 2 : 1), isHex ? 16 : 10);
  return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
    ? String.fromCodePoint(code)
    : '\ufffd';
};
