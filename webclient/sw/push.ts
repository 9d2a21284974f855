/**
 * Notifications while no page is open. What comes by push names a message and no more; its words are fetched from the
 * homeserver here, so that nobody on the way ever has them.
 */
/// <reference lib="webworker" />
import { browserPusher } from '../src/model/web-push';
import { signedIn } from './media';

const scope = self as unknown as ServiceWorkerGlobalScope;
const ASK_MS = 8_000;
const LONGEST = 200;
const WORDS = /^m\.(text|notice|emote)$/;
const NEW = navigator.language.startsWith('ru') ? 'Новое сообщение' : 'New message';

interface Told {
  readonly user_id: string;
  readonly room_id: string;
  readonly event_id: string;
  readonly unread: number;
  readonly sound: boolean;
}

/** Tells of a message, unless a page is looked at, which tells by itself. */
export async function show(data: PushMessageData | null): Promise<void> {
  const told = read(data);
  const session = await signedIn();
  if (told === null || session === null || session.userId !== told.user_id) {
    // Whose it was has signed out here.
    const subscription = await scope.registration.pushManager.getSubscription();
    await subscription?.unsubscribe();
    return;
  }
  const pages = await scope.clients.matchAll({ type: 'window' });
  if (pages.some((page) => page.visibilityState === 'visible')) {
    return;
  }
  await (navigator as Navigator & { setAppBadge?(count: number): Promise<void> })
    .setAppBadge?.(told.unread)
    .catch(() => undefined);
  const ask = (path: string) => answer(session.base, session.accessToken, path);
  const room = `rooms/${encodeURIComponent(told.room_id)}`;
  const [event, named, settings] = await Promise.all([
    ask(`${room}/event/${encodeURIComponent(told.event_id)}`),
    ask(`${room}/state/m.room.name/`),
    ask(`user/${encodeURIComponent(told.user_id)}/account_data/app.hearth.settings`),
  ]);
  const sender = String(event?.sender ?? '');
  const profile = sender === '' ? null : await ask(`profile/${encodeURIComponent(sender)}/displayname`);
  const who = String(profile?.displayname ?? sender.slice(1).split(':')[0] ?? '');
  const where = typeof named?.name === 'string' ? named.name : '';
  const words = settings?.previews === false ? NEW : wordsOf(event);
  await scope.registration.showNotification(where || who || 'Hearth', {
    body: where !== '' && who !== '' && words !== NEW ? `${who}: ${words}` : words,
    // As the page names its own: one for each chat, the newest.
    tag: told.room_id,
    icon: '/icon.svg',
    silent: !told.sound,
    data: { hash: `#/${told.room_id}/${told.event_id}` },
  });
}

/** The browser has another address from now on: the server is told of it. */
export async function renew(before: PushSubscription | null, after: PushSubscription | null): Promise<void> {
  const session = await signedIn();
  const options = before?.options;
  const made =
    after ??
    (options === undefined || session === null ? null : await scope.registration.pushManager.subscribe(options));
  const { p256dh = '', auth = '' } = made?.toJSON().keys ?? {};
  if (made === null || session === null || p256dh === '') {
    return;
  }
  await fetch(`${session.base}/_matrix/client/v3/pushers/set`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${session.accessToken}`, 'Content-Type': 'application/json' },
    credentials: 'omit',
    body: JSON.stringify(browserPusher({ url: made.endpoint, p256dh, auth })),
  });
}

/** Goes to the message that was told of, in a page that is open or in a new one. */
export async function open(notification: Notification): Promise<void> {
  notification.close();
  const address = new URL(
    `/${String((notification.data as { hash?: unknown } | null)?.hash ?? '')}`,
    scope.location.origin,
  );
  const [page] = await scope.clients.matchAll({ type: 'window', includeUncontrolled: true });
  if (page === undefined) {
    await scope.clients.openWindow(address.href);
    return;
  }
  await page.focus();
  await page.navigate(address.href).catch(() => null);
}

function read(data: PushMessageData | null): Told | null {
  try {
    const told = data?.json() as Partial<Told> | null | undefined;
    const whole = [told?.user_id, told?.room_id, told?.event_id].every((one) => typeof one === 'string');
    return whole ? ({ unread: 0, sound: true, ...told } as Told) : null;
  } catch {
    return null;
  }
}

function wordsOf(event: Readonly<Record<string, unknown>> | null): string {
  const content = (event?.content ?? {}) as { readonly msgtype?: unknown; readonly body?: unknown };
  const isWords = event?.type === 'm.room.message' && WORDS.test(String(content.msgtype));
  return isWords && typeof content.body === 'string' ? content.body.slice(0, LONGEST) : NEW;
}

/** What the homeserver says; null when it says nothing good in time. */
async function answer(base: string, token: string, path: string): Promise<Readonly<Record<string, unknown>> | null> {
  try {
    const response = await fetch(`${base}/_matrix/client/v3/${path}`, {
      headers: { Authorization: `Bearer ${token}` },
      credentials: 'omit',
      signal: AbortSignal.timeout(ASK_MS),
    });
    return response.ok ? ((await response.json()) as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
