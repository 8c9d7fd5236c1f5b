/** The pages of the reference say what is declared: what is generated of them is as the generator writes it now. */
import { expect, test } from 'vitest';
import { wholeFiles } from '../../scripts/reference/files.ts';
import { filled } from '../../scripts/reference/markdown.ts';
import { pages } from '../../scripts/reference/pages.ts';
import { ID_PATTERN } from '../../src/model/ids.ts';
import { documentNamed, ROOT } from './readme.ts';

test.each(pages(ROOT).map(({ path, regions }) => [path, regions] as const))(
  '%s is as its declarations: if not, run `npm run docs`',
  (path, regions) => {
    const page = documentNamed(path);
    expect(page).toBe(filled(page, regions));
  },
);

test.each(wholeFiles().map(({ path, text }) => [path, text] as const))(
  '%s is as the declarations: if not, run `npm run docs`',
  (path, text) => {
    expect(documentNamed(path) === text).toBe(true);
  },
);

test('a page without the place for what is generated is refused', () => {
  expect(() => filled('# A page', { limits: 'text' })).toThrow('the page has no region limits');
});

test('a page with a place for what nobody generates is refused', () => {
  const page = '<!-- generated: sizes -->\n\n<!-- end -->';
  expect(() => filled(page, {})).toThrow('nothing is known of the region sizes');
});

test('what stood in a place before is replaced, and the text around it stays', () => {
  const page = 'Before.\n\n<!-- generated: sizes -->\n\nold\n\n<!-- end -->\n\nAfter.';
  expect(filled(page, { sizes: 'new' })).toBe(page.replace('old', 'new'));
});

test('an id has the pattern that the limits name', () => {
  expect(ID_PATTERN.source).toBe('^[A-Za-z0-9_-]{1,128}$');
});
