/** What of a query means another moment tomorrow: `7d`, `today`. A query that is asked once does not mind; one that stays does. */
import { KEYS } from './keys.ts';
import { isSpan } from './moments.ts';
import type { Expression, Term } from './syntax.ts';

/** The first such term; undefined: there is none. */
export const movingTerm = (where: Expression): Term | undefined => {
  switch (where.kind) {
    case 'text':
      return undefined;
    case 'not':
      return movingTerm(where.of);
    case 'and':
    case 'or':
      return where.of.flatMap((part) => movingTerm(part) ?? [])[0];
    case 'term':
      return isMoving(where) ? where : undefined;
  }
};

const isMoving = ({ key, value }: Term): boolean => {
  if (KEYS.get(key)?.takes !== 'moment' || value.kind !== 'range') return false;
  return [value.from?.text, value.to?.text].some(
    (text) => text !== undefined && (isSpan(text) || text === 'today' || text === 'yesterday'),
  );
};
