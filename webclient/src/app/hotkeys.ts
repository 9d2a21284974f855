/** Keys that work wherever the focus is. */
import { onCleanup } from 'solid-js';
import type { MirrorState } from '../store/contract';
import { stopPicking } from '../store/messages-ui';
import { goTo, route, stopWriting } from '../store/ui';
import { closeTopLayer } from '../ui/layers';
import { narrow } from './width';

const writes = (element: Element | null): boolean => element?.matches('input, textarea, [contenteditable]') ?? false;

/** Close the topmost thing: a layer, an edit or reply, the information, the chat. False when all is closed. */
function closeTop(): boolean {
  const { roomId, info } = route();
  if (closeTopLayer() || stopPicking()) return true;
  if (roomId === null) return false;
  if (!stopWriting(roomId)) goTo(info ? roomId : null);
  return true;
}

/** Go to the chat `step` places further down the list. */
function stepChat(state: MirrorState, step: number): void {
  const order = state.roomOrder;
  const at = order.indexOf(route().roomId ?? '');
  const next = order[at < 0 ? 0 : at + step];
  if (next) goTo(next);
}

/** Listen until the owner is disposed. */
export function startHotkeys(state: MirrorState): void {
  const pressed = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing) return;
    const command = event.ctrlKey || event.metaKey;
    if (event.key === 'Escape' && closeTop()) event.preventDefault();
    else if (command && !event.shiftKey && event.code === 'KeyK') {
      event.preventDefault();
      if (narrow()) goTo(null);
      queueMicrotask(() => document.querySelector<HTMLElement>('[data-search]')?.focus());
    } else if (event.altKey && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault();
      stepChat(state, event.key === 'ArrowDown' ? 1 : -1);
    } else if (
      event.key.length === 1 &&
      !command &&
      !event.altKey &&
      event.key !== ' ' &&
      !writes(document.activeElement)
    ) {
      if (!document.querySelector('dialog[open], [data-testid=menu]')) {
        document.querySelector<HTMLElement>('[data-testid=composer-input]')?.focus();
      }
    }
  };
  document.addEventListener('keydown', pressed);
  onCleanup(() => document.removeEventListener('keydown', pressed));
}
