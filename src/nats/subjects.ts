/**
 * The subject table: how a request's subject is made and read. `<prefix>.v1.<tenant>.<noun>…`, ids
 * before verbs. The one place that knows how subjects look; gateway, intake and client use it.
 */

/** What a subject of ours addresses. Ids are as sent: whoever uses them checks them. */
export type Address =
  | {
      readonly kind: 'session';
      readonly tenant: string;
      readonly sessionId: string;
      readonly verb: string;
    }
  | { readonly kind: 'sessions' | 'daemon'; readonly tenant: string; readonly verb: string };

/** Nouns of verbs on what a tenant has besides sessions. */
const DEFINED: readonly string[] = ['templates', 'tasks', 'schedules', 'archives'];

/** Session verbs that are not one request, one reply. */
export const TURN = 'turn';
export const ASK = 'ask';

export class Subjects {
  readonly prefix: string;
  readonly root: string;

  /** @param prefix one token; default of the configuration: `greenroom`. */
  constructor(prefix: string) {
    this.prefix = prefix;
    this.root = `${prefix}.v1`;
  }

  session(tenant: string, sessionId: string, verb: string): string {
    return `${this.root}.${tenant}.session.${sessionId}.${verb}`;
  }

  /** A verb of templates, tasks, schedules or archives has its noun before it: `tasks.run`. */
  sessions(tenant: string, verb: string): string {
    if (verb.includes('.')) return `${this.root}.${tenant}.${verb}`;
    return `${this.root}.${tenant}.sessions.${verb}`;
  }

  daemon(tenant: string, verb: string): string {
    return `${this.root}.${tenant}.daemon.${verb}`;
  }

  events(tenant: string, sessionId: string): string {
    return `${this.root}.${tenant}.events.${sessionId}`;
  }

  lifecycle(tenant: string): string {
    return `${this.root}.${tenant}.lifecycle`;
  }

  /** Where a turn request that was refused is kept. */
  dead(tenant: string, sessionId: string): string {
    return `${this.root}.${tenant}.dead.${sessionId}`;
  }

  /** The stream of turn requests and the one of those refused. */
  get turnsStream(): string {
    return `${this.prefix.toUpperCase()}_TURNS`;
  }

  get deadStream(): string {
    return `${this.prefix.toUpperCase()}_DEAD`;
  }

  /** Everything that the api answers, known verbs or not; it also sees each `turn`. */
  get served(): readonly string[] {
    return ['session', 'sessions', 'daemon', ...DEFINED].map((noun) => `${this.root}.*.${noun}.>`);
  }

  /**
   * Whether an answer may go where a request wants it: answers go out with the daemon's rights, so not to an interface
   * of the server and not to a subject of ours. There they would be requests, or events of another tenant.
   */
  mayAnswerTo(reply: string | undefined): boolean {
    return !reply || !(reply.startsWith('$') || reply.startsWith(`${this.prefix}.`));
  }

  /** Reads one of `served` (or of the turns stream); undefined for anything else. */
  parse(subject: string): Address | undefined {
    const [tenant, noun, ...rest] = subject.slice(this.root.length + 1).split('.');
    const verb = rest.pop();
    if (tenant === undefined || verb === undefined) return undefined;
    if (noun === 'session') return { kind: 'session', tenant, sessionId: rest.join('.'), verb };
    if (noun === undefined || rest.length > 0) return undefined;
    if (DEFINED.includes(noun)) return { kind: 'sessions', tenant, verb: `${noun}.${verb}` };
    if (noun !== 'sessions' && noun !== 'daemon') return undefined;
    return { kind: noun, tenant, verb };
  }
}
