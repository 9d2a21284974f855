/** The way in which the service worker is reached while no page is open. */
import type { Commands } from '../../store/contract';

/** Whether this browser can be reached; not where the page runs without a service worker. */
const registration = async (): Promise<ServiceWorkerRegistration | null> => {
  const known = await navigator.serviceWorker?.getRegistration();
  return known?.pushManager ? known : null;
};

/** The key to subscribe with, and whether that was done; null where it cannot be done. */
export async function webPushState(commands: Commands): Promise<{ key: string; on: boolean } | null> {
  const worker = await registration();
  const key = worker === null ? null : await commands.webPushKey();
  if (worker === null || key === null) return null;
  const p256dh = (await worker.pushManager.getSubscription())?.toJSON().keys?.p256dh;
  return { key, on: p256dh !== undefined && (await commands.hasWebPush(p256dh)) };
}

export async function startWebPush(commands: Commands, key: string): Promise<void> {
  const worker = await registration();
  // Of another key, of a server that was here before: it would not be taken.
  await (await worker?.pushManager.getSubscription())?.unsubscribe();
  const made = await worker?.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const { p256dh = '', auth = '' } = made?.toJSON().keys ?? {};
  try {
    await commands.setWebPush({ url: made?.endpoint ?? '', p256dh, auth });
  } catch (error) {
    await made?.unsubscribe();
    throw error;
  }
}

export async function endWebPush(commands: Commands): Promise<void> {
  const made = await (await registration())?.pushManager.getSubscription();
  const p256dh = made?.toJSON().keys?.p256dh;
  await made?.unsubscribe();
  if (p256dh) await commands.endWebPush(p256dh);
}
