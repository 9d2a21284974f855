/** Keys that work wherever the focus is. */
import { onCleanup } from 'solid-js';
import type { Client, MirrorState } from '../store/contract';
import { stopPicking } from '../store/messages-ui';
import { openLeft, setChatSearch } from '../store/pages';
import { goTo, route, stopWriting, viewNow } from '../store/ui';
import { closeTopLayer } from '../ui/layers';
import { narrow } from './width';

const writes = (element: Element | null): boolean => element?.matches('input, textarea, [contenteditable]') ?? false;

/** Close the topmost thing: a layer, an edit or reply, the information, the chat. False when all is closed. */
function closeTop(): boolean {
  const { roomId, info, thread } = route();
  if (closeTopLayer() || stopPicking()) return true;
  if (roomId === null) return false;
  if (!stopWriting(viewNow(roomId))) goTo(info || thread !== undefined ? roomId : null);
  return true;
}

/** Go to the chat `step` places further down the list; `unread`: of those with something new. */
function stepChat(state: MirrorState, step: number, unread: boolean): void {
  const now = route().roomId;
  const isNew = (id: string) =>
    (state.rooms[id]?.unread.notifications ?? 0) > 0 || state.rooms[id]?.unread.marked === true;
  const order = unread ? state.roomOrder.filter((id) => id === now || isNew(id)) : state.roomOrder;
  const at = order.indexOf(route().roomId ?? '');
  const next = order[at < 0 && !unread ? 0 : at + step];
  if (next) goTo(next);
}

/** Listen until the owner is disposed. */
export function startHotkeys({ state, commands }: Client): void {
  const pressed = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing) return;
    const command = event.ctrlKey || event.metaKey;
    if (event.key === 'Escape' && closeTop()) event.preventDefault();
    else if (command && !event.shiftKey && event.code === 'KeyF' && route().roomId !== null) {
      event.preventDefault();
      setChatSearch(true);
    } else if (command && !event.shiftKey && (event.code === 'KeyK' || event.code === 'KeyF')) {
      event.preventDefault();
      if (narrow()) goTo(null);
      queueMicrotask(() => document.querySelector<HTMLElement>('[data-search]')?.focus());
    } else if (command && !event.shiftKey && /^[0-9]$/.test(event.key)) {
      event.preventDefault();
      if (event.key === '0')
        void commands.openSaved().then(
          (roomId) => goTo(roomId),
          () => undefined,
        );
      else document.querySelectorAll<HTMLElement>('[data-folders] [data-testid=tab]')[Number(event.key) - 1]?.click();
    } else if (command && event.shiftKey && event.code === 'KeyM' && route().roomId !== null) {
      event.preventDefault();
      const roomId = route().roomId ?? '';
      void commands.setMuted(roomId, !state.rooms[roomId]?.muted).catch(() => undefined);
    } else if (event.key === '?' && !command && !writes(document.activeElement)) {
      event.preventDefault();
      openLeft('keyboard');
    } else if (event.altKey && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault();
      stepChat(state, event.key === 'ArrowDown' ? 1 : -1, event.shiftKey);
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
