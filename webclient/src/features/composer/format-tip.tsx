import { createSignal, For, onCleanup, onMount, Show } from 'solid-js';
import { type TextId, t } from '../../i18n';
import { IconButton } from '../../ui/button';
import type { IconName } from '../../ui/icon';
import s from './format-tip.module.css';
import { type MarkName, mark } from './marking';

const marks: readonly { readonly name: MarkName; readonly icon: IconName; readonly label: TextId }[] = [
  { name: 'bold', icon: 'bold', label: 'composer-bold' },
  { name: 'italic', icon: 'italic', label: 'composer-italic' },
  { name: 'underline', icon: 'underline', label: 'composer-underline' },
  { name: 'strike', icon: 'strikethrough', label: 'composer-strike' },
  { name: 'mono', icon: 'code', label: 'composer-mono' },
  { name: 'spoiler', icon: 'eye-off', label: 'composer-spoiler' },
  { name: 'link', icon: 'link', label: 'composer-link' },
];

/** A row of marks over the field while a part of the text is selected. */
export function FormatTip(props: { input: () => HTMLTextAreaElement; change: () => void }) {
  const [shown, setShown] = createSignal(false);
  const look = () => {
    const input = props.input();
    setShown(document.activeElement === input && input.selectionStart !== input.selectionEnd);
  };
  onMount(() => {
    document.addEventListener('selectionchange', look);
    onCleanup(() => document.removeEventListener('selectionchange', look));
  });
  const press = (name: MarkName) => {
    mark(props.input(), name);
    props.change();
  };
  return (
    <Show when={shown()}>
      <div class={s.tip} role="toolbar" data-testid="format-tip" onPointerDown={(event) => event.preventDefault()}>
        <For each={marks}>
          {(one) => (
            <IconButton
              icon={one.icon}
              label={t(one.label)}
              onClick={() => press(one.name)}
              data-testid={`mark-${one.name}`}
            />
          )}
        </For>
      </div>
    </Show>
  );
}
