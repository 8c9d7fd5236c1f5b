/** The page of subjects: every verb as it is declared. */
import type { z } from 'zod';
import { requestShape } from '../../src/model/criteria.ts';
import { settableShape } from '../../src/model/head.ts';
import { DAEMON_VERBS, SESSION_VERBS, SESSIONS_VERBS } from '../../src/session/verbs/registry.ts';
import {
  EntryView,
  FoundSession,
  SessionView,
  TurnView,
} from '../../src/session/verbs/reply-schemas.ts';
import { TurnRequest } from '../../src/session/verbs/turn-request.ts';
import type { Verb } from '../../src/session/verbs/verb.ts';
import { type Declared, TURNS } from '../../src/session/verbs/verb-facts.ts';
import { fieldsOf, meaningRows, named } from './fields.ts';
import { code, type Regions, table } from './markdown.ts';

type AnyVerb = Verb<never>;

/** Fields that have a page of their own: the cell links there instead. */
const GROUPS = [
  { link: '[settings](settings.md)', names: Object.keys(settableShape) },
  { link: '[criteria](criteria.md)', names: Object.keys(requestShape) },
] as const;

const SUBJECTS: readonly (readonly [subject: string, verb: AnyVerb])[] = [
  ...entries('session.<id>', SESSION_VERBS),
  ...entries('sessions', SESSIONS_VERBS),
  ...entries('daemon', DAEMON_VERBS),
];

function entries(prefix: string, verbs: Readonly<Record<string, AnyVerb>>) {
  // A verb of templates, tasks or schedules names its noun itself.
  return Object.entries(verbs).map(
    ([name, verb]) => [name.includes('.') ? name : `${prefix}.${name}`, verb] as const,
  );
}

const groupsIn = (verb: AnyVerb) => {
  const names = fieldsOf(verb.request).map(({ name }) => name);
  return GROUPS.filter((group) => group.names.every((name) => names.includes(name)));
};

/** Those that stand in no group. */
const ownFields = (verb: AnyVerb) => {
  const grouped = groupsIn(verb).flatMap(({ names }) => names);
  return fieldsOf(verb.request).filter(({ name }) => !grouped.includes(name));
};

const requestCell = (verb: AnyVerb): string =>
  [...groupsIn(verb).map(({ link }) => link), ...ownFields(verb).map(named)].join(', ');

const replyCell = (verb: AnyVerb): string =>
  fieldsOf(verb.reply)
    .map(({ name }) => code(name))
    .join(', ');

const row = (
  subject: string,
  { says, needs, timeoutMs }: Declared,
  request: string,
  reply: string,
) => [code(subject), says, request, reply, needs, `${timeoutMs / 1_000} s`];

const TURN_REQUEST = '[turn request](#turn-requests)';

const overview = (): string =>
  table(
    ['subject', 'does', 'request', 'reply', 'needs', 'time'],
    [
      row('session.<id>.turn', TURNS.turn, TURN_REQUEST, "the stream's acknowledgement"),
      row(
        'session.<id>.ask',
        TURNS.ask,
        TURN_REQUEST,
        "the turn's [events](events.md), then an empty message",
      ),
      ...SUBJECTS.map(([subject, verb]) => row(subject, verb, requestCell(verb), replyCell(verb))),
    ],
  );

const meanings = (): string =>
  table(
    ['subject', 'field', 'means'],
    SUBJECTS.flatMap(([subject, verb]) =>
      ownFields(verb).flatMap(({ name, means }) =>
        means === undefined ? [] : [[code(subject), code(name), means]],
      ),
    ),
  );

/** A field that may be absent has a question mark. */
const shown = (schema: z.ZodType): string =>
  fieldsOf(schema)
    .map(({ name, isNeeded }) => code(isNeeded ? name : `${name}?`))
    .join(', ');

const views = (): string =>
  table(
    ['in a reply', 'has'],
    [
      [code('session'), shown(SessionView)],
      ['one of `sessions`', shown(FoundSession)],
      ['`turn`, one of `turns`', shown(TurnView)],
      ...EntryView.options.map((entry) => [
        `one of \`entries\` of type \`${entry.shape.type.value}\``,
        shown(entry),
      ]),
    ],
  );

const example = (subject: string, { example: { request, reply } }: Declared): string =>
  [
    `${subject} ${JSON.stringify(request)}`,
    ...(reply === undefined ? [] : [`    ${JSON.stringify(reply)}`]),
  ].join('\n');

const examples = (): string =>
  [
    '```text',
    example('session.demo.ask', TURNS.ask),
    ...SUBJECTS.map(([subject, verb]) => example(subject.replace('<id>', 'demo'), verb)),
    '```',
  ].join('\n');

export const subjectRegions = (): Regions => ({
  subjects: overview(),
  fields: meanings(),
  views: views(),
  examples: examples(),
  'turn-requests': table(['field', 'means'], meaningRows(TurnRequest)),
});
