/**
 * Parts of the page that it opens without: fetched when they are asked for, or before, when there is nothing else to
 * do. What does not come is told, and asked for again until it is there.
 */
import { type Component, lazy } from 'solid-js';
import { t } from '../i18n';
import { ask } from './dialog';
import { toast } from './toast';

type Load<T> = () => Promise<T>;

const pause_ms = 1000;
const longest_pause_ms = 30_000;
const idle_ms = 1000;

const known = new Set<Load<unknown>>();

/** A part of the page: answers how to get it, together with the texts of such parts. */
export function later<T>(load: Load<T>): Load<T> {
  const whole = async () => (await Promise.all([load(), import('../i18n/pages')]))[0];
  known.add(whole);
  return () => untilThere(whole);
}

/** A component that is such a part. */
export function part<P extends object>(load: Load<Component<P>>): Component<P> {
  const get = later(load);
  return lazy(async () => ({ default: await get() }));
}

/** Tries again and again, sooner when the device is back on a network; tells once that it has to. */
export async function untilThere<T>(load: Load<T>): Promise<T> {
  for (let pause = pause_ms; ; pause = Math.min(2 * pause, longest_pause_ms)) {
    try {
      return await load();
    } catch {
      if (pause === pause_ms) void tell();
      else if (pause === 4 * pause_ms) void offerReload();
      await backOnline(pause);
      await stylesAgain().catch(() => undefined);
    }
  }
}

/** Fetches all parts, one after the other and only while nothing else is to be done; what fails comes when asked for. */
export async function fetchAhead(): Promise<void> {
  // Some of them have parts of their own, which join the others meanwhile.
  for (const load of known) {
    await idle();
    await load().catch(() => undefined);
  }
}

/** Why a part may not come: there is no network, or the server has another version of all of them. */
async function tell(): Promise<void> {
  if (await isOld().catch(() => false)) {
    askToReload(t('part-old'));
  } else {
    toast(t('part-missing'));
  }
}

/** A browser may keep in mind that a file did not come: then a new page alone helps, once the server answers. */
async function offerReload(): Promise<void> {
  const answer = await fetch('/', { cache: 'no-cache' }).catch(() => null);
  if (answer?.ok) askToReload(t('part-missing'));
}

function askToReload(title: string): void {
  ask({ title, yes: t('part-reload'), no: t('part-not-now'), answer: () => location.reload() });
}

/** Whether the server has another page than this one. */
async function isOld(): Promise<boolean> {
  const entry = document.querySelector<HTMLScriptElement>('script[type=module][src^="/assets/"]');
  const answer = await fetch('/', { cache: 'no-cache' });
  return entry !== null && answer.ok && !(await answer.text()).includes(entry.getAttribute('src') ?? '');
}

/** A style sheet that did not come stays in the document and is not asked for again by itself. */
async function stylesAgain(): Promise<void> {
  const missing = [...document.querySelectorAll<HTMLLinkElement>('link[rel=stylesheet]')].filter((one) => !one.sheet);
  await Promise.all(
    missing.map(
      (one) =>
        new Promise((resolve, reject) => {
          const again = one.cloneNode() as HTMLLinkElement;
          again.onload = resolve;
          again.onerror = reject;
          one.replaceWith(again);
        }),
    ),
  );
}

function backOnline(pause: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      resolve();
    };
    const timer = setTimeout(done, pause);
    addEventListener('online', done);
  });
}

function idle(): Promise<void> {
  return new Promise((resolve) => {
    if ('requestIdleCallback' in globalThis) requestIdleCallback(() => resolve(), { timeout: idle_ms });
    else setTimeout(resolve, 200);
  });
}
