/** Page keys, Home and End scroll the messages while nothing that is written needs them. */
import { onCleanup } from 'solid-js';
import { glideBy } from './scroll';

type Steps = {
  readonly box: HTMLElement;
  /** To the oldest message that is here. */
  readonly first: () => void;
  readonly last: () => void;
};

const part = 0.9;

/** Whether a key goes to the messages: from them, from an empty composer, and from nowhere. */
function isOurs(event: KeyboardEvent, box: HTMLElement): boolean {
  if (event.defaultPrevented || event.isComposing) return false;
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return false;
  if (document.querySelector('dialog[open], [data-testid=menu]')) return false;
  const focus = document.activeElement;
  if (focus === null || focus === document.body || box.contains(focus)) return true;
  return focus instanceof HTMLTextAreaElement && focus.dataset.testid === 'composer-input' && focus.value === '';
}

/** Scroll by most of what is in sight: `sign` 1 down, -1 up. What was at one edge is then at the other. */
function turn(box: HTMLElement, sign: 1 | -1): void {
  glideBy(box, sign * box.clientHeight * part);
}

/** Listen until the owner is disposed. */
export function watchPaging({ box, first, last }: Steps): void {
  const acts: Record<string, () => void> = {
    PageUp: () => turn(box, -1),
    PageDown: () => turn(box, 1),
    Home: first,
    End: last,
  };
  const pressed = (event: KeyboardEvent) => {
    const act = acts[event.key];
    if (!act || !box.checkVisibility() || box.closest('[inert]') || !isOurs(event, box)) return;
    event.preventDefault();
    act();
  };
  document.addEventListener('keydown', pressed);
  onCleanup(() => document.removeEventListener('keydown', pressed));
}
