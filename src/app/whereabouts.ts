/**
 * Which session and which turn a report of the runtime is about. The runtime knows neither: a crash has them in the
 * actor's redacted state, and what its supervisor tells afterwards is of the same turn.
 */
import type { TurnWhere } from '../model/turn.ts';
import type { Report } from '../otp/report.ts';

export type Where = Partial<TurnWhere>;

/** Crashed actors whose turn is remembered for what their supervisors tell next. */
const MAX_REMEMBERED = 100;

/** The end of a session actor's place in the tree. */
const SESSION_LABEL = /\/supervisor\/([\w-]+)\/([\w-]+)$/;

export class Whereabouts {
  readonly #crashed = new Map<string, Where>();

  of(report: Report): Where {
    switch (report.kind) {
      case 'crash': {
        const where = { ...sessionOf(report.actor), ...turnIn(report.state) };
        this.#remember(report.actor, where);
        return where;
      }
      case 'fault':
        return { ...this.#known(report.actor), ...report.where };
      default:
        return this.#known(`${report.supervisor}/${report.child}`);
    }
  }

  #known(label: string): Where {
    return this.#crashed.get(label) ?? sessionOf(label);
  }

  #remember(label: string, where: Where): void {
    if (where.sessionId === undefined) return;
    this.#crashed.delete(label);
    this.#crashed.set(label, where);
    const [oldest] = this.#crashed.keys();
    if (this.#crashed.size > MAX_REMEMBERED && oldest !== undefined) this.#crashed.delete(oldest);
  }
}

const sessionOf = (label: string): Where => {
  const [, tenant, sessionId] = SESSION_LABEL.exec(label) ?? [];
  return tenant === undefined || sessionId === undefined ? {} : { tenant, sessionId };
};

/** As the session's `redact` shows it. */
const turnIn = (state: unknown): Where => {
  const { turnId, traceId } = (state ?? {}) as Where;
  return turnId === undefined ? {} : { turnId, traceId };
};
