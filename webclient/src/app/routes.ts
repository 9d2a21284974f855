/** The open chat in the address bar: `#/!room:server` and `#/!room:server/info`. Back closes the topmost layer first. */
import { createEffect, on, onCleanup } from 'solid-js';
import { type Route, route, setRoute } from '../store/ui';
import { closeTopLayer } from '../ui/layers';

/** What an address says; anything it does not understand is the chat list. */
export function routeOf(hash: string): Route {
  const [roomId, info] = hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent);
  return roomId?.startsWith('!') ? { roomId, info: info === 'info' } : { roomId: null, info: false };
}

/** The address of a route. */
export function hashOf({ roomId, info }: Route): string {
  if (roomId === null) return '#/';
  const id = encodeURIComponent(roomId).replaceAll('%3A', ':');
  return `#/${id}${info ? '/info' : ''}`;
}

/** Keep the address bar and the route in step. Call once, under an owner. */
export function startRoutes(): void {
  setRoute(routeOf(location.hash));
  const popped = () => {
    if (closeTopLayer()) history.pushState(null, '', hashOf(route()));
    else setRoute(routeOf(location.hash));
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
