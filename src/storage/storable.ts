/**
 * What values from outside may hold: what JSON can say, and bytes. msgpack would take a function for
 * nothing and rename an own `__proto__`; both must fail loudly instead of coming back changed.
 */
import { GreenroomError } from '../session/errors.ts';

const MAX_DEPTH = 100;

const refuse = (why: string): never => {
  throw new GreenroomError('invalid_request', `cannot be stored: ${why}`);
};

/** Throws `invalid_request` for values that would not come back as they are. */
export const mustBeStorable = (value: unknown, depth = 0): void => {
  if (depth > MAX_DEPTH) refuse(`deeper than ${MAX_DEPTH} levels`);
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'undefined':
      return;
    case 'object':
      return object(value, depth);
    default:
      refuse(`a ${typeof value}`);
  }
};

const object = (value: object | null, depth: number): void => {
  if (value === null || value instanceof Uint8Array) return;
  if (Array.isArray(value)) {
    for (const item of value) mustBeStorable(item, depth + 1);
    return;
  }
  const prototype = Object.getPrototypeOf(value) as unknown;
  if (prototype !== Object.prototype && prototype !== null) refuse('an object of a class');
  for (const [field, item] of Object.entries(value)) {
    if (field === '__proto__') refuse('a field named __proto__');
    mustBeStorable(item, depth + 1);
  }
};
