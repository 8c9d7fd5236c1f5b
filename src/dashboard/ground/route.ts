/**
 * Where the page is: the address says all of it, so that a view can be kept, sent and come back to. A change of view is a
 * change of address.
 */
import { signal } from '@preact/signals';

export interface Route {
  /** The parts of the path. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
}

const read = (): Route => ({
  path: location.pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent),
  query: new URLSearchParams(location.search),
});

export const route = signal<Route>(read());

addEventListener('popstate', () => {
  route.value = read();
});

/** @param replaces the present view is no step to come back to: what is being typed, for one. */
export const go = (address: string, { replaces = false } = {}): void => {
  if (address === location.pathname + location.search) return;
  if (replaces) history.replaceState(null, '', address);
  else history.pushState(null, '', address);
  route.value = read();
  if (!replaces) scrollTo(0, 0);
};

/** The same view with other values; undefined takes one away. */
export const addressWith = (values: Readonly<Record<string, string | undefined>>): string => {
  const { query } = read();
  for (const [name, value] of Object.entries(values))
    if (value === undefined || value === '') query.delete(name);
    else query.set(name, value);
  const text = query.toString();
  return location.pathname + (text === '' ? '' : `?${text}`);
};

export const addressOf = (
  path: readonly string[],
  values: Readonly<Record<string, string>> = {},
): string => {
  const text = new URLSearchParams(values).toString();
  return `/${path.map(encodeURIComponent).join('/')}${text === '' ? '' : `?${text}`}`;
};

/** Links inside the page change the view, and load nothing. */
export const followLinks = (event: MouseEvent): void => {
  const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
  const link = (event.target as Element | null)?.closest('a');
  if (!isPlain || event.defaultPrevented || link === null || link === undefined) return;
  if (link.origin !== location.origin || link.target !== '' || link.hasAttribute('download'))
    return;
  event.preventDefault();
  go(link.pathname + link.search);
};
