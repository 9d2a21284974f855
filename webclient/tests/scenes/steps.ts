/** What a scene does to get where it wants to be: presses and words, as a person's. */

import { beingPainted } from './pictures';

const limit_ms = 25_000;
const frame = () => new Promise((next) => requestAnimationFrame(next));

/** The element with a test id, once it is there; `nth` -1: the last. Throws when it does not come. */
export async function found(testid: string, nth = 0): Promise<HTMLElement> {
  const end = performance.now() + limit_ms;
  while (performance.now() < end) {
    const one = [...document.querySelectorAll<HTMLElement>(`[data-testid="${testid}"]`)].at(nth);
    if (one && one.getClientRects().length > 0) return one;
    await frame();
  }
  throw new Error(`there is no ${testid}`);
}

export async function press(testid: string, nth = 0): Promise<void> {
  const one = await found(testid, nth);
  one.focus();
  one.click();
}

/** Put words into a field. */
export async function fill(testid: string, words: string): Promise<void> {
  const field = (await found(testid)) as HTMLInputElement;
  field.focus();
  field.value = words;
  field.setSelectionRange(words.length, words.length);
  field.dispatchEvent(new InputEvent('input', { bubbles: true }));
}

/** Ask for the menu of an element in its middle. */
export async function menuOf(testid: string, nth = 0): Promise<void> {
  const one = await found(testid, nth);
  const box = one.getBoundingClientRect();
  const at = { clientX: box.left + Math.min(60, box.width / 2), clientY: box.top + box.height / 2 };
  one.dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true, ...at }));
}

/** What is out of sight, above the messages too, may be loaded when it comes into sight. */
function isInSight(one: Element): boolean {
  const box = one.getBoundingClientRect();
  const top = one.closest('[data-testid=timeline]')?.getBoundingClientRect().top ?? 0;
  return box.bottom > top && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
}

/** What is shown for a moment after something scrolled: the bar at its edge, and the day above messages. */
const afterScrolling = '[data-scrolling=true], [data-testid=floating-day][data-shown=true]';

/** Until nothing is awaited any more: fonts and pictures are here, and nothing was changed for a while. */
export async function settled(): Promise<void> {
  const quiet_ms = 400;
  const end = performance.now() + 10_000;
  let changed = performance.now();
  const watching = new MutationObserver(() => {
    changed = performance.now();
  });
  watching.observe(document.body, { childList: true, subtree: true, attributes: true, characterData: true });
  const waits = () =>
    performance.now() - changed < quiet_ms ||
    beingPainted() > 0 ||
    [...document.images].some((one) => !one.complete && isInSight(one)) ||
    document.querySelector('[data-state=waiting] img') !== null ||
    document.querySelector(afterScrolling) !== null;
  await document.fonts.ready;
  while (waits() && performance.now() < end) await frame();
  await document.fonts.ready;
  watching.disconnect();
}
