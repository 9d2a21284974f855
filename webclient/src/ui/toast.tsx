import { createSignal, Show } from 'solid-js';
import s from './toast.module.css';

const shown_ms = 3000;
const [text, setText] = createSignal<string>();
let timer: ReturnType<typeof setTimeout> | undefined;

/** Show a short note over the page for three seconds; the newest replaces the one before. */
export function toast(note: string): void {
  clearTimeout(timer);
  setText(note);
  timer = setTimeout(() => setText(undefined), shown_ms);
}

/** Draws the note; stands once in the page. */
export function ToastHost() {
  return (
    <div class={s.place} role="status" aria-live="polite">
      <Show when={text()} keyed>
        {(note) => (
          <div class={s.toast} data-testid="toast">
            {note}
          </div>
        )}
      </Show>
    </div>
  );
}
