/**
 * One actor of the running tree as an operator may see it: its work and its crashes, never its state or what its
 * messages carry, because whoever reaches the broker may ask, and they hold what sessions say.
 */
import { GreenroomError } from '../model/errors.ts';
import { iso } from '../model/moment.ts';
import { describeReason } from '../otp/exit-reason.ts';
import { type TreeNode, walk } from '../otp/inspect.ts';
import type { ActorRef } from '../otp/ref.ts';
import type { System } from '../otp/system.ts';
import type { ActorView } from '../session/verbs/daemon-verbs.ts';

/** Throws `invalid_request` for a path that leads nowhere; the root's name may be left out. */
export function actorView(system: System, root: ActorRef, path: string): ActorView {
  const { label, kind, status, ref, restarts } = nodeAt(system, root, path);
  const seen = ref && system.inspect(ref);
  const { current, lastCrash } = seen ?? {};
  return {
    path: label,
    kind,
    status,
    ref: ref?.id ?? null,
    mailbox: seen?.mailbox ?? 0,
    owed: seen?.owed ?? 0,
    current: current ? { message: messageOf(current), since: iso(current.since) } : null,
    reductions: seen?.reductions ?? 0,
    restarts,
    lastCrash: lastCrash === undefined ? null : describeReason(lastCrash),
  };
}

/** The same. */
export function nodeAt(system: System, root: ActorRef, path: string): TreeNode {
  for (const node of walk(system.tree(root)))
    if (node.label === path || node.label === `${root.label}/${path}`) return node;
  throw new GreenroomError(
    'invalid_request',
    `nothing runs at ${path}: greenroom tree shows the paths of what does`,
  );
}

export const messageOf = ({
  kind,
  name,
}: {
  readonly kind: string;
  readonly name: string;
}): string => (kind === name ? kind : `${kind} ${name}`);
