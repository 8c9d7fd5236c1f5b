/** Tenants and roles at a real broker with the generated configuration: what is not allowed is refused or invisible. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BrokerUser } from '../../../src/nats/broker-users.ts';
import { examineBroker } from '../../../src/nats/examine-broker.ts';
import { STREAM_SIZES } from '../../../src/nats/streams.ts';
import { journalName } from '../../../src/session/ports/journal.ts';
import type { Need } from '../../../src/session/verbs/verb-facts.ts';
import { withoutNatsServer } from '../../support/nats.ts';
import { until } from '../../support/until.ts';
import { type Asked, type Attempt, forbiddenTo, outcomeOf, verbsOf } from './attempts.ts';
import { startWorld, subjects, TENANTS, type World } from './world.ts';

/** What each role may, in the words of the declarations. */
const MAY: Readonly<Record<string, readonly Need[]>> = {
  reader: ['read'],
  sender: ['read', 'send'],
  approver: ['read', 'approve'],
  operator: ['read', 'send', 'approve', 'operate'],
};
const SECRET = 'the-secret-of-beta';

const tenantOf = ({ standing }: BrokerUser): string | undefined =>
  'tenant' in standing ? standing.tenant : undefined;

describe.skipIf(withoutNatsServer()).each(['accounts', 'users'] as const)(
  'the wall of %s',
  (wall) => {
    let world: World;
    let people: readonly BrokerUser[];
    beforeAll(async () => {
      world = await startWorld(wall);
      people = world.users.filter((user) => tenantOf(user) !== undefined);
      const beta = await world.as('beta-operator');
      await beta.request(subjects.session('beta', 'known', 'create'), `{"title":"${SECRET}"}`);
    }, 60_000);
    afterAll(() => world[Symbol.asyncDispose]());

    const isQueue = ({ subject }: Attempt): boolean => subject.endsWith('.turn');
    const mayAsk = (user: BrokerUser, asked: Asked): boolean =>
      tenantOf(user) === asked.tenant &&
      MAY[user.standing.role]?.includes(asked.needs) === true &&
      !(wall === 'users' && isQueue(asked));

    const everyVerb = TENANTS.flatMap((tenant) => verbsOf(tenant));

    /** Those that ended otherwise than they should, each on its user's own connection and all at once. */
    const tried = async (
      attempts: readonly (readonly [user: BrokerUser, attempt: Attempt])[],
      isRight: (outcome: string) => boolean,
    ): Promise<readonly string[]> => {
      const wrong = await Promise.all(
        attempts.map(async ([user, attempt]) => {
          const outcome = await outcomeOf(await world.as(user.name), attempt);
          const text = `${user.name} ${attempt.how} ${attempt.subject}: ${outcome}`;
          return isRight(outcome) ? [] : [text];
        }),
      );
      return wrong.flat();
    };

    test('refuses every verb to who is of another tenant or of a role without the right to it', async () => {
      const attempts = people.flatMap((user) =>
        everyVerb.filter((asked) => !mayAsk(user, asked)).map((asked) => [user, asked] as const),
      );
      expect(attempts.length).toBeGreaterThan(300);
      expect(await tried(attempts, (outcome) => outcome === 'refused')).toEqual([]);
    });

    test('refuses the streams, the service, forged events and the inboxes of others to everyone of a tenant', async () => {
      const attempts = people.flatMap((user) =>
        forbiddenTo(user, world.users).map((attempt) => [user, attempt] as const),
      );
      expect(attempts.length).toBeGreaterThan(300);
      expect(await tried(attempts, (outcome) => outcome === 'refused')).toEqual([]);
    });

    test('lets each role do what it may', async () => {
      const attempts = people.flatMap((user) =>
        everyVerb.filter((asked) => mayAsk(user, asked)).map((asked) => [user, asked] as const),
      );
      const needed = new Set(attempts.map(([, { needs }]) => needs));
      expect([...needed].toSorted()).toEqual(['approve', 'operate', 'read', 'send']);
      expect(await tried(attempts, (outcome) => outcome === 'answered')).toEqual([]);
      const heard = people.flatMap((user) =>
        [subjects.events(tenantOf(user) ?? '', '*'), subjects.lifecycle(tenantOf(user) ?? '')].map(
          (subject) => [user, { how: 'listen', subject, body: '' }] as const,
        ),
      );
      expect(await tried(heard, (outcome) => outcome === 'heard')).toEqual([]);
    });

    test('lets the admin ask everything in every tenant', async () => {
      const admin = world.users.filter(({ standing }) => standing.role === 'admin');
      const attempts = admin.flatMap((user) =>
        [...everyVerb, { how: 'request', subject: '$SRV.INFO.greenroom', body: '' } as const].map(
          (attempt) => [user, attempt] as const,
        ),
      );
      expect(await tried(attempts, (outcome) => outcome === 'answered')).toEqual([]);
    });

    test('an examination of the broker as the daemon finds nothing missing', async () => {
      const { storeId } = world.greenroom.system.fetch(journalName).info();
      const place = { url: world.urlOf('greenroom'), creds: undefined, prefix: 'greenroom' };
      const said = await examineBroker({ ...place, sizes: STREAM_SIZES, storeId });
      expect(said).toContain('not run by the daemon');
    });

    test('shows nothing of another tenant in searches, lists, audits, errors and events', async () => {
      const acme = await world.as('acme-operator');
      const heard: string[] = [];
      for (const subject of [subjects.events('acme', '*'), subjects.lifecycle('acme')])
        acme.subscribe(subject, {
          callback: (_, msg) => void heard.push(msg.subject + msg.string()),
        });
      await acme.flush();
      const turn = JSON.stringify({ turnId: 'told', prompt: SECRET });
      await world.asked('beta-operator', subjects.session('beta', 'known', 'ask'), turn);
      const replies = await Promise.all(
        verbsOf('acme', 'known')
          .filter(({ needs }) => needs === 'read')
          .map(async ({ subject, body }) => (await acme.request(subject, body)).string()),
      );
      const all = [...replies, ...heard].join('\n');
      expect(replies.length).toBeGreaterThan(15);
      expect(all).toContain('session_not_found');
      expect(all).not.toMatch(/beta|secret/);
    });

    test('keeps an answer from being a request, an event or an order to the server', async () => {
      const acme = await world.as('acme-sender');
      const beta = await world.as('beta-reader');
      const admin = await world.as('admin');
      const forged: string[] = [];
      for (const subject of [subjects.events('beta', '*'), subjects.lifecycle('beta')])
        beta.subscribe(subject, { callback: (_, msg) => void forged.push(msg.string()) });
      await beta.flush();
      await acme.request(subjects.session('acme', 'own', 'create'), '{}');
      const targets = [
        subjects.session('acme', 'own', 'delete'),
        subjects.session('beta', 'known', 'delete'),
        subjects.session('beta', 'known', 'turn'),
        subjects.events('beta', 'known'),
        subjects.dead('beta', 'known'),
        '$JS.API.STREAM.DELETE.GREENROOM_DEAD',
        '$JS.API.STREAM.DELETE.GREENROOM_TURNS',
        '$JS.API.STREAM.PURGE.GREENROOM_DEAD',
      ];
      const ask = subjects.session('acme', 'own', 'ask');
      const get = subjects.session('acme', 'own', 'get');
      const queue = subjects.session('acme', 'own', 'turn');
      for (const [at, reply] of targets.entries()) {
        acme.publish(ask, JSON.stringify({ turnId: `asked-${at}`, prompt: 'x' }), { reply });
        acme.publish(get, '', { reply });
        if (wall === 'accounts')
          acme.publish(queue, JSON.stringify({ turnId: `queued-${at}`, prompt: 'x' }), { reply });
      }
      // behind them in the session's own order
      await world.asked('acme-sender', ask, JSON.stringify({ turnId: 'last', prompt: 'x' }));
      if (wall === 'accounts')
        await until(async () => {
          const found = await acme.request(
            subjects.session('acme', 'own', 'turns'),
            '{"limit":50}',
          );
          const { turns } = found.json<{ turns: { turnId: string; status: string }[] }>();
          const ended = turns.filter(({ status }) => status === 'completed');
          return ended.length === 2 * targets.length + 1;
        });
      await admin.flush();
      const alive = async (tenant: string, id: string) =>
        (await admin.request(subjects.session(tenant, id, 'get'))).json<{ session?: object }>();
      expect(await alive('acme', 'own')).toHaveProperty('session');
      expect(await alive('beta', 'known')).toHaveProperty('session');
      for (const stream of ['GREENROOM_DEAD', 'GREENROOM_TURNS']) {
        const info = (await admin.request(`$JS.API.STREAM.INFO.${stream}`)).json();
        expect(info).toMatchObject({ config: { name: stream } });
      }
      expect(forged).toEqual([]);
    });
  },
);

test.skipIf(withoutNatsServer())(
  'an account shows nothing of another tenant to a user who may do everything',
  async () => {
    await using world = await startWorld('accounts', (text) =>
      text.replace(/(user: "ann"\n.*\n)\s*permissions \{\n[\s\S]*?\n\s*\}\n/, '$1'),
    );
    const ann = await world.as('ann');
    const heard: string[] = [];
    const ear = ann.subscribe('>', { callback: (_, msg) => void heard.push(msg.subject) });
    await ann.flush();
    const operator = await world.as('beta-operator');
    await operator.request(subjects.session('beta', 'known', 'create'), '{}');
    await world.asked('beta-operator', subjects.session('beta', 'known', 'ask'), '{"prompt":"x"}');
    await world.asked('ann', subjects.session('acme', 'own', 'ask'), '{"prompt":"x"}');
    expect(heard).toContain(subjects.events('acme', 'own'));
    expect(heard.filter((subject) => /beta|_R_|\$/.test(subject))).toEqual([]);

    ear.unsubscribe(); // a listener of her own would make every subject one that somebody hears
    await ann.flush();
    const streams = ['GREENROOM_TURNS', 'GREENROOM_DEAD'].flatMap((stream) =>
      ['INFO', 'DELETE', 'PURGE'].map((verb) => `$JS.API.STREAM.${verb}.${stream}`),
    );
    const others = ['$SRV.PING', subjects.dead('acme', 'forged')];
    const attempts: readonly Attempt[] = [
      ...verbsOf('beta', 'known'),
      ...verbsOf('acme').filter(({ needs }) => needs === 'admin'),
      ...others.map((subject) => ({ how: 'request', subject, body: '' }) as const),
    ];
    const outcomes = await Promise.all(
      attempts.map(async (attempt) => [attempt.subject, await outcomeOf(ann, attempt)] as const),
    );
    expect(outcomes.filter(([, outcome]) => outcome !== 'invisible')).toEqual([]);
    const told = await Promise.all(
      streams.map(async (subject) => (await ann.request(subject)).json<{ error?: object }>().error),
    );
    const noJetStream = { code: 503, err_code: 10039 }; // for this account
    expect(told).toEqual(told.map(() => expect.objectContaining(noJetStream)));
  },
);
