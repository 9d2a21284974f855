/** The open chat in the address bar: `#/!room:server`, `#/!room:server/info`, `#/!room:server/thread/$event`. Back closes the topmost layer first. */
import { createEffect, on, onCleanup } from 'solid-js';
import { goToEvent, openPerson } from '../store/messages-ui';
import { setJoinLink } from '../store/pages';
import { type Route, route, setRoute } from '../store/ui';
import { closeTopLayer } from '../ui/layers';

/** What an address says; anything it does not understand is the chat list. */
export function routeOf(hash: string): Route {
  const [roomId, over, event] = hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent);
  if (!roomId?.startsWith('!')) return { roomId: null, info: false };
  return over === 'thread' && event ? { roomId, info: false, thread: event } : { roomId, info: over === 'info' };
}

/** The address of a route. */
export function hashOf({ roomId, info, thread }: Route): string {
  if (roomId === null) return '#/';
  const id = encodeURIComponent(roomId).replaceAll('%3A', ':');
  if (thread !== undefined) return `#/${id}/thread/${encodeURIComponent(thread)}`;
  return `#/${id}${info ? '/info' : ''}`;
}

/** Go where an address leads: to a chat, to an event of it, to a person, to a group, or by a link into a group. */
function open(hash: string): void {
  const [first, second] = hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent);
  if (first === 'join' && second) setJoinLink(second);
  else if (first?.startsWith('@') || first?.startsWith('#')) openPerson(first);
  else if (first?.startsWith('!') && second?.startsWith('$')) goToEvent(first, second);
  else setRoute(routeOf(hash));
}

/** Keep the address bar and the route in step. Call once, under an owner. */
export function startRoutes(): void {
  open(location.hash);
  const popped = () => {
    if (closeTopLayer()) history.pushState(null, '', hashOf(route()));
    else open(location.hash);
  };
  addEventListener('popstate', popped);
  onCleanup(() => removeEventListener('popstate', popped));
  createEffect(
    on(
      route,
      (now) => {
        const hash = hashOf(now);
        if (location.hash !== hash) history.pushState(null, '', hash);
      },
      { defer: true },
    ),
  );
}
