/** Which scope a route needs. */
import { verbNamed } from '../../gateway/dispatch.ts';
import type { Need } from '../../session/verbs/verb-facts.ts';
import type { OtherRoute, Route } from './route.ts';

/** Of what is no verb. */
export const NEEDS_OF_OTHERS: Readonly<Record<OtherRoute['does'], Need>> = {
  create: 'send',
  turn: 'send',
  events: 'read',
  'all-events': 'read',
  watch: 'read',
  download: 'operate',
  openapi: 'read',
};

export const needOf = (route: Route): Need => {
  if (route.does !== 'verb') return NEEDS_OF_OTHERS[route.does];
  return verbNamed(route.kind, route.verb)?.needs ?? 'admin';
};
