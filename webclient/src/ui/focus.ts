/** Where the focus goes when something that lay over the page is closed: to where it was before. */
import { onCleanup, onMount } from 'solid-js';

/**
 * Notes what has the focus, and gives it back when the owner is disposed. Called first in a component: what was pressed
 * may be out of the document by the time it is mounted (a row of a menu), or only be back in it then.
 * Where `within` is given, a focus that has gone on to somewhere else meanwhile is left there.
 */
export function keepFocus(within?: () => Element | undefined): void {
  const seen: HTMLElement[] = [];
  const note = () => {
    const now = document.activeElement;
    if (now instanceof HTMLElement && now !== document.body) seen.unshift(now);
  };
  note();
  onMount(note);
  onCleanup(() => {
    const now = document.activeElement;
    const isElsewhere = now !== null && now !== document.body && within?.()?.contains(now) === false;
    if (!isElsewhere) giveBack(seen.find((one) => one.isConnected));
  });
}

/**
 * Chromium gives a field that a modal dialog lay over the focus, but not the caret: what is typed then is lost, until the caret
 * is set once the dialog is out of the document.
 */
function giveBack(to: HTMLElement | undefined): void {
  to?.focus({ preventScroll: true });
  if (!(to instanceof HTMLTextAreaElement)) return;
  setTimeout(() => {
    if (document.activeElement === to) to.setSelectionRange(to.selectionStart, to.selectionEnd);
  });
}
