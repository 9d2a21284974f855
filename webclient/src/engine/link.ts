/**
 * The page's end of the engine: one SharedWorker for all pages where the browser has it; else a dedicated worker in
 * the page that holds the lock, reached by the other pages over a BroadcastChannel.
 */
import type { Port, ToEngine, ToPage } from './rpc';

const CHANNEL = 'hearth-engine';

export interface EngineLink extends Port<ToEngine, ToPage> {
  /** Names this page to the engine; the page holds the lock `hearth-tab-<tab>` while it lives. */
  readonly tab: string;
  /** Called when another page's engine took the place of the one that was attached: attach again. */
  onNewEngine(attachAgain: () => void): void;
}

type Broadcast =
  | { readonly from: string; readonly message: ToEngine }
  | { readonly to: string; readonly message: ToPage }
  | { readonly leader: string };

export function openLink(): EngineLink {
  const tab = crypto.randomUUID();
  // The lock tells the engine when this page is gone: the engine asks for it too and gets it only then. So the page
  // must have it before it says anything.
  const held = new Promise<void>((resolve) => {
    const holding = navigator.locks.request(`hearth-tab-${tab}`, () => {
      resolve();
      return new Promise(() => undefined);
    });
    // A browser that keeps nothing for us has no locks either: then the engine is this page's own, and ends with it.
    holding.catch(() => resolve());
  });
  const link = typeof SharedWorker === 'undefined' ? electedWorker(tab) : sharedWorker(tab);
  let isHeld = false;
  void held.then(() => {
    isHeld = true;
  });
  // Once it has the lock, what is said goes out before the page does anything else.
  return { ...link, post: (message) => (isHeld ? link.post(message) : void held.then(() => link.post(message))) };
}

function sharedWorker(tab: string): EngineLink {
  let receive: (message: ToPage) => void = () => undefined;
  let attachAgain: () => void = () => undefined;
  let instead: EngineLink | null = null;
  const worker = new SharedWorker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'hearth' });
  worker.port.onmessage = (event: MessageEvent<ToPage>) => receive(event.data);
  // It is refused where nothing may be kept.
  worker.onerror = () => {
    if (instead === null) {
      instead = electedWorker(tab);
      instead.listen((message) => receive(message));
      instead.onNewEngine(() => attachAgain());
    }
  };
  return {
    tab,
    post: (message) => (instead === null ? worker.port.postMessage(message) : instead.post(message)),
    listen: (listener) => {
      receive = listener;
    },
    onNewEngine: (listener) => {
      attachAgain = listener;
    },
  };
}

function electedWorker(tab: string): EngineLink {
  const channel = new BroadcastChannel(CHANNEL);
  let own: MessagePort | null = null;
  let receive: (message: ToPage) => void = () => undefined;
  let attachAgain: () => void = () => undefined;

  const lead = () => {
    const engine = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'hearth' });
    own = portInto(engine, (message) => receive(message));
    const others = new Map<string, MessagePort>();
    channel.addEventListener('message', (event: MessageEvent<Broadcast>) => {
      if (!('from' in event.data)) {
        return;
      }
      const { from, message } = event.data;
      const port = others.get(from) ?? portInto(engine, (answer) => channel.postMessage({ to: from, message: answer }));
      others.set(from, port);
      port.postMessage(message);
    });
    channel.postMessage({ leader: tab } satisfies Broadcast);
    attachAgain();
    return new Promise(() => undefined);
  };
  // Where there are no locks, each page leads itself.
  navigator.locks.request(CHANNEL, lead).catch(lead);
  channel.addEventListener('message', (event: MessageEvent<Broadcast>) => {
    if ('leader' in event.data) {
      attachAgain();
    } else if ('to' in event.data && event.data.to === tab) {
      receive(event.data.message);
    }
  });
  return {
    tab,
    post: (message) =>
      own === null ? channel.postMessage({ from: tab, message } satisfies Broadcast) : own.postMessage(message),
    listen: (listener) => {
      receive = listener;
    },
    onNewEngine: (listener) => {
      attachAgain = listener;
    },
  };
}

function portInto(engine: Worker, receive: (message: ToPage) => void): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = (event: MessageEvent<ToPage>) => receive(event.data);
  engine.postMessage('port', [port2]);
  return port1;
}
