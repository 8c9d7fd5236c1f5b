import { describe, expect, test } from 'vitest';
import { codeOf } from '../../src/model/errors.ts';
import { parse } from '../../src/query/parser.ts';
import { print } from '../../src/query/print.ts';

const printed = (text: string) => print(parse(text));

const refusal = (text: string): { code: string; message: string; column: unknown } => {
  try {
    parse(text);
  } catch (error) {
    const { message, details } = error as { message: string; details?: { column?: unknown } };
    return { code: codeOf(error), message, column: details?.column };
  }
  throw new Error(`${text} was taken`);
};

describe('a query', () => {
  test.each([
    ['nothing', '', ''],
    ['terms, all of which must hold', 'tag:review  status:parked', 'tag:review status:parked'],
    ['AND, which is the same', 'tag:a AND tag:b', 'tag:a tag:b'],
    ['OR', 'tag:a OR tag:b', '(tag:a OR tag:b)'],
    ['AND before OR', 'tag:a tag:b OR tag:c', '(tag:a tag:b OR tag:c)'],
    ['parentheses', 'tag:a (tag:b OR tag:c)', 'tag:a (tag:b OR tag:c)'],
    ['what is turned round', '-tag:a NOT tag:b -(tag:c tag:d)', '-tag:a -tag:b -(tag:c tag:d)'],
    ['twice turned round, which is as it was', '-NOT tag:a', 'tag:a'],
    ['alternatives of one key', 'tag:(a OR "b c" OR d*)', '(tag:a OR tag:"b c" OR tag:d*)'],
    ['another word for a key, in any case', 'IS:parked Cwd:/srv', 'status:parked dir:/srv'],
    [
      'a text in quotation marks',
      String.raw`tag:"say \"so\" \\ (now)"`,
      String.raw`tag:"say \"so\" \\ (now)"`,
    ],
    ['a star at the end', 'tag:team/* dir:/srv/app/*', 'tag:team/* dir:/srv/app/*'],
    ['a star that is meant', 'tag:"team*"', 'tag:"team*"'],
    ['colons and commas in a value', 'tag:proj:a,b', 'tag:proj:a,b'],
    ['amounts', 'cost:>$0.50 cost:<=2 cost:1..05', 'cost:>0.5 cost:..2 cost:1..5'],
    [
      'small and large amounts',
      'cost:00.00000010..999999999.999999999',
      'cost:0.0000001..999999999.999999999',
    ],
    ['the largest number', 'tokens:..9007199254m', 'tokens:..9007199254000000'],
    ['counts', 'turns:>=10k turns:7', 'turns:10000.. turns:7'],
    [
      'thousands and millions',
      'tokens:10k..2m tokens:>1m',
      'tokens:10000..2000000 tokens:>1000000',
    ],
    ['many', 'tokens:>=5000m turns:<=2000000k', 'tokens:5000000000.. turns:..2000000000'],
    ['what there is', 'has:errors -HAS:errors', 'has:errors -has:errors'],
    [
      'how long ago',
      'updated:7d updated:<7d updated:>2w',
      'updated:7d.. updated:7d.. updated:..2w',
    ],
    ['dates', 'created:>=2026-11-01 created:<2026-12', 'created:2026-11-01.. created:<2026-12'],
    ['words for days', 'created:today updated:yesterday..', 'created:today updated:yesterday..'],
    ['words', 'connection  reset tag:a', 'connection reset tag:a'],
    ['a phrase', '"connection reset"', '"connection reset"'],
    ['the beginning of a word, or of the last of a phrase', 'conn* "a b"*', 'conn* "a b"*'],
    ['words that are left out', '-reset NOT "a b"', '-reset -"a b"'],
    ['words beside all else', '(reset OR tag:a) -(x y)', '(reset OR tag:a) -(x y)'],
    ['words that look like something else', '"OR" "a:b" "-x"', '"OR" "a:b" "-x"'],
    ['what looks like a term of another language, in quotation marks', '"tag!=x"', '"tag!=x"'],
    ['what looks like one, of no key', 'x!=y !a:b a<b', 'x!=y !a:b a<b'],
    ['small words between words', 'black and white or not', 'black "and" white "or" "not"'],
    ['a small word in quotation marks between terms', 'tag:a "or" tag:b', 'tag:a "or" tag:b'],
    ['the beginning of a small word', 'tag:a or* not*', 'tag:a or* not*'],
    ['names and paths', 'foo_bar.ts /srv/app', 'foo_bar.ts /srv/app'],
    ['an order', 'sort:cost tag:a', 'tag:a sort:cost'],
    ['the least first', 'sort:created-asc', 'sort:created-asc'],
    ['the greatest first, which is usual', 'sort:cost-desc', 'sort:cost'],
  ])('has %s', (_, text, wanted) => {
    expect(printed(text)).toBe(wanted);
    expect(printed(wanted)).toBe(wanted);
  });

  test.each([
    ['tga:x', 1, 'tga is no key (did you mean tag?)'],
    ['tag:a colour:red', 7, 'colour is no key'],
    ['status:parkd', 8, '(did you mean parked?)'],
    ['tag:', 1, 'tag: has no value behind it'],
    ['tag:a OR', 7, 'OR has nothing behind it'],
    ['OR tag:a', 1, 'OR has nothing before it'],
    ['tag:a AND', 7, 'AND joins two terms'],
    ['tag:a (tag:b', 7, 'this parenthesis is never closed'],
    ['tag:a)', 6, 'this parenthesis was never opened'],
    ['tag:a ()', 7, 'there is nothing in these parentheses'],
    ['tag:"a', 5, 'this quotation mark is never closed'],
    ['tag!=x', 1, 'write -tag:x, or put this in quotation marks to find it as words'],
    ['cost:1 Tag<>"a b"', 8, 'write -Tag:…,'],
    ['tag!:x', 1, 'write -tag:x,'],
    ['!tag:x', 1, 'write -tag:x,'],
    ['owner=ann', 1, 'write owner:ann,'],
    ['owner==ann', 1, 'write owner:ann,'],
    ['cost>=1', 1, 'write cost:>=1,'],
    ['turns<3', 1, 'write turns:<3,'],
    ['-(cwd=/srv)', 3, 'write cwd:/srv,'],
    ['tag:a or tag:b', 7, 'write OR, or put this in quotation marks to find it as words'],
    ['tag:a or b', 7, 'write OR,'],
    ['a Or tag:b', 3, 'write OR,'],
    ['(a b) and c', 7, 'write AND,'],
    ['a and (b OR c)', 3, 'write AND,'],
    ['a and -tag:b', 3, 'write AND,'],
    ['not tag:a', 1, 'write NOT,'],
    ['status:idle,parked', 8, 'of several write status:(idle OR parked)'],
    ['tag:(a b)', 1, 'write tag:(one OR another)'],
    ['tag:(a OR -b)', 11, 'put what begins with - or NOT in quotation marks'],
    ['tag:(OR OR b)', 6, 'put OR in quotation marks'],
    ['plan - review', 6, 'a dash stands right before what it turns round'],
    ['tag:a http://x', 7, 'put it in quotation marks'],
    ['tag:a ...', 7, 'there is no word in ...'],
    ['tag:a ""', 7, 'there is no word in ""'],
    ['tag:a "-"*', 7, 'there is no word in -'],
    ['owner:ann*', 7, 'owner: takes no star'],
    ['dir:/srv/app*', 5, 'write dir:/srv/app/* for all that lies below it'],
    ['cost:cheap', 6, 'cost: takes dollars'],
    ['cost:..', 6, 'cost: takes dollars'],
    ['turns:1.5', 7, 'turns: takes a whole number'],
    ['tokens:1.5k', 8, 'tokens: takes a whole number'],
    ['has:error', 5, '(did you mean errors?)'],
    ['has:*', 5, 'has: takes one of errors'],
    ['updated:soon', 9, 'updated: takes a time'],
    ['updated:2026-02-30', 9, 'updated: takes a time'],
    ['sort:cots', 6, '(did you mean cost?)'],
    ['tea sort:relevance-asc', 10, 'begins with the best'],
    ['sort:cost sort:turns', 11, 'sort: was there already'],
    ['(sort:cost)', 2, 'sort: stands outside of parentheses'],
    ['-sort:cost', 2, 'sort: stands outside of parentheses'],
  ])('%s is refused at column %i', (text, column, words) => {
    const found = refusal(text);
    expect(found).toMatchObject({ code: 'invalid_criteria', column });
    expect(found.message).toContain(`column ${column}: `);
    expect(found.message).toContain(words);
  });

  test.each([
    ['as long as it likes', `tag:${'a'.repeat(4_000)}`, 'at most 4000 characters'],
    ['of words as long as they like', 'a'.repeat(1_000), 'less than 1000 characters'],
    ['of any number of words', 'a '.repeat(101), 'at most 100 terms'],
    ['with any number of terms', 'tag:a '.repeat(101), 'at most 100 terms'],
    ['nested without end', '('.repeat(1_000), 'at most 20 deep'],
    ['turned round without end', `${'-'.repeat(1_000)}tag:a`, 'at most 20 deep'],
  ])('is not %s', (_, text, words) => {
    expect(refusal(text)).toMatchObject({
      code: 'invalid_criteria',
      message: expect.stringContaining(words),
    });
  });
});
