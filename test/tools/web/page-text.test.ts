import { describe, expect, it } from 'vitest';
import { pageText, titleOf } from '../../../src/tools/web/page-text.ts';

describe('of a page', () => {
  it.each([
    ['<h1>One</h1><p>two <b>three</b></p>', '# One\n\ntwo three'],
    ['<ul><li>a<li>b</ul>', '- a\n- b'],
    ['<a href="/x?a=1&amp;b=2">there</a>', '[there](/x?a=1&b=2)'],
    ['<a href="#top">up</a>', '[up]'],
    ["<a href='javascript:alert(1)'>no</a>", '[no]'],
    ['a<br>b<hr/>c', 'a\nb\nc'],
    ['<pre>  x\n    y</pre>', '```\n  x\n    y\n```'],
    ['use <code>npm i</code>', 'use `npm i`'],
    ['<table><tr><td>1<td>2<tr><td>3<td>4</table>', '| 1 | 2\n| 3 | 4'],
    ['<img alt="a dog" src=x>', 'a dog'],
    ['a &lt;b&gt; &#65;&#x42; &nbsp;&unknown; &#0;', 'a <b> AB &unknown; \ufffd'],
    ['1 < 2 <3', '1 < 2 <3'],
  ])('%s', (html, text) => {
    expect(pageText(html)).toBe(text);
  });

  it.each([
    ['scripts', 'a<script>if (1 < 2) "</p>"</script>b', 'ab'],
    ['styles', 'a<style>p > b {}</style>b', 'ab'],
    ['the head', '<head><title>t</title><meta x></head><body>b', 'b'],
    ['a head without an end', '<head><meta x><body>b', 'b'],
    ['comments', 'a<!-- <b> > -->b', 'ab'],
    ['a doctype', '<!doctype html>b', 'b'],
    ['attributes with brackets in them', '<p title="a > b">b</p>', 'b'],
    ['a script without an end', 'a<script>b', 'a'],
    ['an unfinished tag', 'a<p class="', 'a'],
    ['an unfinished comment', 'a<!-- b', 'a'],
  ])('leaves out %s', (_, html, text) => {
    expect(pageText(html)).toBe(text);
  });

  it.each([
    ['<', 500_000],
    ['<a ', 100_000],
    ['<pre>', 50_000],
    ['<!--', 100_000],
    ['<script>', 50_000],
    ['<svg>', 50_000],
    ['</svg>', 50_000],
    ['&#', 100_000],
    [' ', 1_000_000],
    ['<a href="', 50_000],
  ])('made of %s ends', (part, times) => {
    expect(pageText(part.repeat(times)).length).toBeLessThanOrEqual(part.length * times * 4);
  });
});

it('has a title', () => {
  expect(titleOf('<title lang=en>\n a &amp; b </title>')).toBe('a & b');
  expect(titleOf('<title></title>')).toBeUndefined();
});
