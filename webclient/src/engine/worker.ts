/** The engine's worker: shared by all pages, or owned by the page that was elected. Only the newest one runs. */
import { errorInfo } from '../store/errors';
import { failure } from './api/http';
import { uploadByXhr } from './api/upload';
import { Engine } from './engine';
import type { Page } from './publisher';
import type { ToEngine, ToPage } from './rpc';
import { SUBPROTOCOL } from './transport/socket';
import { systemClock } from './transport/types';
import type { Wire } from './transport/wire';

const LOCK = 'hearth-engine-runs';

const scope = self as unknown as Omit<SharedWorkerGlobalScope & DedicatedWorkerGlobalScope, 'name'>;
const ports = new Set<MessagePort>();
const engine = startEngine();

scope.onconnect = (event: MessageEvent) => {
  for (const port of event.ports) {
    serve(port);
  }
};
scope.onmessage = (event: MessageEvent) => {
  for (const port of event.ports) {
    serve(port);
  }
};
scope.addEventListener('online', () => void engine.then((running) => running.wake()));

/**
 * A page of a newer version brings a newer worker. It takes the lock away from the one before, which lets go of the
 * database and sends its pages to load again: two engines would send everything twice.
 */
async function startEngine(): Promise<Engine> {
  await new Promise<void>((held) => {
    let holds = false;
    const kept = navigator.locks.request(LOCK, { steal: true }, () => {
      holds = true;
      held();
      return new Promise(() => undefined);
    });
    kept.catch(() => {
      if (!holds) {
        // A browser that keeps nothing has no locks: there is no other engine either that it would know of.
        held();
        return;
      }
      void engine.then((running) => running.stop());
      for (const port of ports) {
        port.postMessage({ t: 'replaced' } satisfies ToPage);
      }
    });
  });
  const started = await Engine.start({
    fetch: (input, init) => fetch(input, init),
    upload: uploadByXhr,
    connect: openWire,
    clock: systemClock,
    candidates: [scope.location.origin, ...(await configuredServer())],
    online: () => scope.navigator.onLine,
    forget: () => void caches.delete('hearth-media').catch(() => undefined),
  });
  if (import.meta.env.DEV) {
    Object.assign(scope, { __hearth: started });
  }
  return started;
}

function openWire(url: string): Wire {
  // A WebSocket is more than a Wire; only the types of its listeners (`this`, the event) keep it from being one.
  return new WebSocket(url, SUBPROTOCOL) as unknown as Wire;
}

/** The default homeserver of a page that is not served by one. */
async function configuredServer(): Promise<string[]> {
  try {
    const answer = await fetch('/config.json', { cache: 'no-store', signal: AbortSignal.timeout(5_000) });
    const config: unknown = await answer.json();
    const server = (config as { default_homeserver?: unknown } | null)?.default_homeserver;
    return typeof server === 'string' ? [server] : [];
  } catch {
    return [];
  }
}

function serve(port: MessagePort): void {
  ports.add(port);
  const post = (message: ToPage) => port.postMessage(message);
  let page: Promise<Page> | null = null;
  port.onmessage = (event: MessageEvent<ToEngine>) => {
    const message = event.data;
    if (message.t === 'attach') {
      const before = page;
      page = engine.then(async (running) => {
        if (before !== null) {
          running.detach(await before);
        }
        return running.attach(post);
      });
      whenGone(message.tab, () => leave());
    } else if (message.t === 'detach') {
      leave();
    } else if (page === null) {
      post({ t: 'failure', id: message.id, error: errorInfo(failure('NETWORK', 'not attached')) });
    } else {
      void answer(page, message, post);
    }
  };
  const leave = () => {
    const gone = page;
    page = null;
    ports.delete(port);
    if (gone !== null) {
      void engine.then(async (running) => running.detach(await gone));
    }
  };
}

async function answer(page: Promise<Page>, call: Extract<ToEngine, { t: 'call' }>, post: (message: ToPage) => void) {
  try {
    const running = await engine;
    post({ t: 'result', id: call.id, value: await running.call(await page, call.name, call.args) });
  } catch (error) {
    post({ t: 'failure', id: call.id, error: errorInfo(error) });
  }
}

/** A page holds a lock while it lives; who gets that lock after it knows that it is gone. */
function whenGone(tab: string, run: () => void): void {
  navigator.locks.request(`hearth-tab-${tab}`, () => run()).catch(() => undefined);
}
