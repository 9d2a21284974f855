import { Show } from 'solid-js';
import { t } from '../../i18n';
import { Icon } from '../../ui/icon';
import { longPress } from '../../ui/long-press';
import s from './composer.module.css';

/** Sends; the other button of the mouse, or a finger that rests on it, offers other ways to send. */
export function SendButton(props: { editing: boolean; press: () => Promise<void>; more: (at: Element) => void }) {
  let button!: HTMLButtonElement;
  /** A finger has rested on it: what the browser makes of that besides is not meant. */
  let held = false;
  const open = () => {
    if (!props.editing) props.more(button);
  };
  return (
    <button
      ref={(element) => {
        button = element;
        longPress(() => {
          held = true;
          open();
        })(element);
      }}
      type="button"
      class={s.send}
      aria-label={t(props.editing ? 'composer-save' : 'composer-send')}
      data-testid="send"
      onPointerDown={(event) => {
        event.preventDefault();
        held = false;
      }}
      onContextMenu={(event) => {
        event.preventDefault();
        if (!held) open();
      }}
      onClick={() => {
        if (!held) void props.press();
      }}
    >
      <Show when={props.editing} fallback={<Icon name="plane" class={s.glyph} />}>
        <Icon name="check" class={s.glyph} />
      </Show>
    </button>
  );
}
