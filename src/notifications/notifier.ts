/**
 * The notifier: tells the targets of the operator's file what happens to sessions. It reads the journal's audit, so it
 * misses nothing that happened while it, or the daemon, was away. It owns an outbox for each target.
 *
 * 1. It looks once a second, and at once when a session's life changes. What is sent, and how it went, is on disk within
 *    a second; a crash before that sends it again, under the same id.
 * 2. A target that does not answer holds up no other one, and no session.
 */
import { z } from 'zod';
import type { Tenant } from '../model/ids.ts';
import type { ChildSpec } from '../otp/child-spec.ts';
import { genServer, noreply, protocol } from '../otp/gen-server.ts';
import type { Ref } from '../otp/ref.ts';
import type { Self } from '../otp/self.ts';
import { journalName } from '../session/ports/journal.ts';
import { notifierName, type TargetView } from '../session/ports/notifier.ts';
import type { Notice } from './notice.ts';
import { newOutbox, Outbox, type SavedOutbox } from './outbox.ts';
import { type Read, readNotices } from './read-audit.ts';
import type { Target } from './settings.ts';
import { type Delivery, deliver } from './webhook.ts';

const LOOK_MS = 1_000;
/** Notices that are under way to one target. */
const AT_ONCE = 8;

export interface NotifierArgs {
  readonly targets: readonly Target[];
  /** Of a target by its name; undefined: it is new. */
  readonly load: (name: string) => SavedOutbox | undefined;
  /** On disk when it returns. */
  readonly save: (name: string, outbox: SavedOutbox) => void;
  /** Has `look` called when something has happened. Returns how to stop. */
  readonly onNews: (look: () => void) => () => void;
  /** Told when a target fails for the first time after it had answered, and when it answers again. */
  readonly warn: (target: string, what: 'fails' | 'answers' | 'gave up', why: string) => void;
}

const notifierProtocol = protocol({
  calls: {},
  infos: {
    look: z.void(),
    read: z.custom<{ readonly target: string; readonly read: Read }>(),
    notRead: z.custom<{ readonly target: string; readonly error: unknown }>(),
    sent: z.custom<{
      readonly target: string;
      readonly notice: Notice;
      readonly delivery: Delivery;
    }>(),
  },
});
type Protocol = typeof notifierProtocol;
type NotifierSelf = Self<Protocol>;

interface Line {
  readonly target: Target;
  readonly outbox: Outbox;
  isReading: boolean;
  isFailing: boolean;
  /** What is on disk is not all. */
  isChanged: boolean;
  underWay: number;
}

interface State {
  readonly args: NotifierArgs;
  readonly lines: ReadonlyMap<string, Line>;
}

const NotifierServer = genServer(notifierProtocol, {
  init: (args: NotifierArgs, self): State => {
    const nowMs = self.system.clock.now();
    const lines = new Map(
      args.targets.map((target) => {
        const saved = args.load(target.name);
        const outbox = new Outbox(saved ?? newOutbox(nowMs));
        const rest = { isReading: false, isFailing: false, isChanged: saved === undefined };
        return [target.name, { target, outbox, ...rest, underWay: 0 }];
      }),
    );
    const state = { args, lines };
    self.own(args.onNews(() => self.send('look')));
    self.own(() => saveAll(state));
    self.register(notifierName, {
      targets: (tenant) => [...lines.values()].filter(isOf(tenant)).map(viewOf),
      retry: (tenant, name, id) => {
        let count = 0;
        for (const line of lines.values())
          if (isOf(tenant)(line) && (name === undefined || line.target.name === name))
            count += retryDead(line, self.system.clock.now(), id);
        self.send('look');
        return count;
      },
    });
    self.sendEvery(LOOK_MS, 'look');
    return state;
  },

  handleCall: {},

  handleInfo: {
    look: (_, state, self) => {
      saveAll(state);
      for (const line of state.lines.values()) {
        read(line, self);
        send(line, self);
      }
      return noreply(state);
    },
    read: ({ target, read: { notices, throughMs } }, state, self) => {
      const line = state.lines.get(target);
      if (line === undefined) return noreply(state);
      line.isReading = false;
      const nowMs = self.system.clock.now();
      const wanted = notices.filter(({ type }) => line.target.events.includes(type));
      line.outbox.take(wanted, throughMs, nowMs);
      line.isChanged = true;
      send(line, self);
      if (throughMs < nowMs - LOOK_MS) read(line, self); // there is more
      return noreply(state);
    },
    notRead: ({ target, error }, state, self) => {
      const line = state.lines.get(target);
      if (line !== undefined) line.isReading = false;
      const during = `reading the audit for ${target}`;
      self.system.report({ kind: 'fault', actor: self.ref.label, during, error });
      return noreply(state);
    },
    sent: ({ target, notice, delivery }, state, self) => {
      const line = state.lines.get(target);
      if (line === undefined) return noreply(state);
      line.underWay -= 1;
      line.isChanged = true;
      note(state.args, line, notice, delivery, self);
      send(line, self);
      return noreply(state);
    },
  },

  redact: ({ lines }) => ({ targets: lines.size }),
});

const isOf =
  (tenant: Tenant) =>
  ({ target }: Line): boolean =>
    target.tenant === tenant;

const read = (line: Line, self: NotifierSelf): void => {
  const journal = self.system.find(journalName);
  const fromMs = line.outbox.readFromMs;
  if (line.isReading || journal === undefined || fromMs === undefined) return;
  line.isReading = true;
  const { name: target, tenant } = line.target;
  self.pipe(
    readNotices(journal, tenant, fromMs, self.system.clock.now()),
    (found) => ['read', { target, read: found }],
    (error) => ['notRead', { target, error }],
  );
};

const send = (line: Line, self: NotifierSelf): void => {
  const { clock } = self.system;
  const { target, outbox } = line;
  for (const notice of outbox.next(clock.now(), AT_ONCE - line.underWay)) {
    line.underWay += 1;
    self.pipe(
      deliver(target, notice, clock),
      (delivery) => ['sent', { target: target.name, notice, delivery }],
      (error) => {
        const why = String(error);
        const delivery = { is: 'failed', why, isFinal: false } as const;
        return ['sent', { target: target.name, notice, delivery }];
      },
    );
  }
};

const note = (
  { warn }: NotifierArgs,
  line: Line,
  notice: Notice,
  delivery: Delivery,
  self: NotifierSelf,
): void => {
  const { outbox, target } = line;
  if (delivery.is === 'delivered') {
    outbox.delivered(notice.id);
    if (line.isFailing) warn(target.name, 'answers', '');
    line.isFailing = false;
    return;
  }
  const { why } = delivery;
  const dead = outbox.dead.length;
  outbox.failed(notice.id, delivery, self.system.clock.now(), self.system.random());
  if (outbox.dead.length !== dead) warn(target.name, 'gave up', `${notice.id}: ${why}`);
  else if (!line.isFailing) warn(target.name, 'fails', why);
  line.isFailing = true;
};

const retryDead = (line: Line, nowMs: number, id: string | undefined): number => {
  const count = line.outbox.retryDead(nowMs, id);
  line.isChanged ||= count > 0;
  return count;
};

const saveAll = ({ args, lines }: State): void => {
  for (const line of lines.values()) {
    if (!line.isChanged) continue;
    args.save(line.target.name, line.outbox.saved());
    line.isChanged = false;
  }
};

const viewOf = ({ target, outbox }: Line): TargetView => ({
  name: target.name,
  url: target.url,
  events: target.events,
  waiting: outbox.waiting,
  oldest: outbox.oldest,
  dead: outbox.dead,
});

export const notifier = (args: NotifierArgs): ChildSpec<Ref<Protocol>> =>
  NotifierServer.childSpec(args, { id: 'notifier' });
