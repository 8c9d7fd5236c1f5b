/** Verbs that make a session, show it, and change what is said of it. */
import { z } from 'zod';
import { isWellFormed } from '../../model/bounds.ts';
import { settableShape } from '../../model/head.ts';
import type { SessionRequest } from '../commits/waiting-changes.ts';
import { SessionReply } from './reply-schemas.ts';
import { mustBeRules, mustBeServers, mustBeTools, mustHaveSandbox } from './rule-settings.ts';
import { change, type SessionWork, sessionVerb } from './verb.ts';
import { sessionView } from './views.ts';
import { heldOf, waitOf } from './waits-for.ts';

export const Settable = z.strictObject(settableShape);
const Tags = z.strictObject({ tags: z.array(z.string()).min(1).max(100) });

export const expectedVersion = z
  .int()
  .min(0)
  .optional()
  .describe('the version that you have seen; another one is `version_conflict`');

const changed = async (work: SessionWork, request: SessionRequest) => {
  const { head } = await change(work, work.key, request);
  return { session: sessionView(head) };
};

const create = sessionVerb('create', {
  request: Settable,
  reply: SessionReply,
  run: async (work, settings) => {
    mustBeRules(work, settings);
    mustBeServers(work, settings);
    mustBeTools(work, settings);
    mustHaveSandbox(work, settings);
    return changed(work, { type: 'create', settings });
  },
});

/** Which of them say whether it is offered commands. */
const TOOL_SETTINGS = ['tools', 'disallowedTools', 'workingDirectory'] as const;

const get = sessionVerb('get', {
  request: z.strictObject({}),
  reply: SessionReply,
  run: async ({ caller, key, places, context, shown }) => {
    const head = await caller.known(key);
    const waits = waitOf(head, heldOf(key, caller.system, places));
    // A program that embeds this gets an object of its own.
    if (waits !== undefined || context.via === 'embedded')
      return { session: sessionView(head, waits) };
    return shown.of(head);
  },
});

const update = sessionVerb('update', {
  request: z.strictObject({ ...settableShape, expectedVersion }),
  reply: SessionReply,
  run: async (work, { expectedVersion, ...settings }) => {
    mustBeRules(work, settings);
    mustBeServers(work, settings);
    mustBeTools(work, settings);
    if (TOOL_SETTINGS.some((field) => settings[field] !== undefined))
      mustHaveSandbox(work, { ...(await work.caller.openKnown(work.key)).head, ...settings });
    return changed(work, { type: 'settings', settings, expectedVersion });
  },
});

const tag = sessionVerb('tag', {
  request: Tags,
  reply: SessionReply,
  run: (work, { tags }) => changed(work, { type: 'tag', tags }),
});

const untag = sessionVerb('untag', {
  request: Tags,
  reply: SessionReply,
  run: (work, { tags }) => changed(work, { type: 'untag', tags }),
});

const Why = z.strictObject({
  reason: z
    .string()
    .max(500)
    .refine(isWellFormed, 'holds half of a surrogate pair')
    .optional()
    .describe('why, for the audit'),
});

const hold = sessionVerb('hold', {
  request: Why,
  reply: SessionReply,
  run: (work, { reason }) => changed(work, { type: 'hold', reason, by: work.context.principal }),
});

const release = sessionVerb('release', {
  request: z.strictObject({}),
  reply: SessionReply,
  run: (work) => changed(work, { type: 'release', by: work.context.principal }),
});

const complete = sessionVerb('complete', {
  request: z.strictObject({}),
  reply: SessionReply,
  run: (work) => changed(work, { type: 'complete', by: work.context.principal }),
});

const terminate = sessionVerb('terminate', {
  request: Why,
  reply: SessionReply,
  run: (work, { reason }) =>
    changed(work, { type: 'terminate', reason, by: work.context.principal }),
});

const reopen = sessionVerb('reopen', {
  request: z.strictObject({}),
  reply: SessionReply,
  run: (work) => changed(work, { type: 'reopen', by: work.context.principal }),
});

export const settingsVerbs = {
  ...{ create, get, update, tag, untag, hold, release },
  ...{ complete, terminate, reopen },
};
