/** The mailbox against a model of two lists, under random orders. */
import { deepEqual, equal } from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Mailbox } from '../../src/otp/mailbox.ts';
import { Message, type MessageKind } from '../../src/otp/message.ts';
import { rounds } from '../support/rounds.ts';

class Letter extends Message {
  isMoot = false;
  wasAdmitted = false;

  override get moot(): boolean {
    return this.isMoot;
  }

  override admitted(): void {
    this.wasAdmitted = true;
  }
}

const letter = (kind: MessageKind, n: number) => new Letter(kind, String(n), undefined);

/** What the mailbox should hold, oldest first. */
class Model {
  readonly inside: Letter[] = [];
  outside: Letter[] = [];
  readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  get full(): boolean {
    return this.inside.filter(({ fromOthers }) => fromOthers).length >= this.limit;
  }

  pushAhead(message: Letter): void {
    const at = this.inside.findIndex(({ kind }) => kind !== 'continue');
    this.inside.splice(at === -1 ? this.inside.length : at, 0, message);
  }

  shift(): Letter | undefined {
    const first = this.inside.shift();
    if (first?.fromOthers !== true) return first;
    const next = this.outside.findIndex(({ isMoot }) => !isMoot);
    this.inside.push(...this.outside.slice(next, next === -1 ? 0 : next + 1));
    this.outside = next === -1 ? [] : this.outside.slice(next + 1);
    return first;
  }
}

const commands = fc.array(
  fc.oneof(
    { arbitrary: fc.constant('send' as const), weight: 8 },
    { arbitrary: fc.constant('shift' as const), weight: 4 },
    fc.constantFrom('info' as const, 'continue' as const, 'give up' as const),
  ),
  { minLength: 20, maxLength: 100 },
);

test('a mailbox keeps its order, its limit and its queue outside, whatever comes', () => {
  let admissions = 0;
  const property = fc.property(fc.integer({ min: 1, max: 4 }), commands, (limit, orders) => {
    const [mailbox, model] = [new Mailbox(limit), new Model(limit)];
    for (const [n, order] of orders.entries()) {
      switch (order) {
        case 'send': {
          const message = letter('cast', n);
          equal(mailbox.full, model.full);
          if (!mailbox.full) {
            mailbox.push(message);
            model.inside.push(message);
          } else if (mailbox.wait(message)) model.outside.push(message);
          else equal(model.outside.length, limit);
          break;
        }
        case 'info': {
          const message = letter('info', n);
          mailbox.push(message);
          model.inside.push(message);
          break;
        }
        case 'continue': {
          const message = letter('continue', n);
          mailbox.pushAhead(message);
          model.pushAhead(message);
          break;
        }
        case 'give up': {
          const waiting = model.outside.find(({ isMoot }) => !isMoot);
          if (waiting !== undefined) waiting.isMoot = true;
          break;
        }
        case 'shift': {
          const taken = mailbox.shift();
          equal(taken, model.shift());
          if (taken instanceof Letter && taken.wasAdmitted) admissions++;
        }
      }
      deepEqual([mailbox.size, mailbox.outside], [model.inside.length, model.outside.length]);
    }
    while (model.inside.length > 0) equal(mailbox.shift(), model.shift());
    deepEqual([mailbox.shift(), mailbox.size, mailbox.outside], [undefined, 0, 0]);
  });
  fc.assert(property, { numRuns: rounds(500) });
  expect(admissions).toBeGreaterThan(100); // otherwise nothing was tested
});
