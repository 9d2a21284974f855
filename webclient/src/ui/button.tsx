import { type JSX, Show, splitProps } from 'solid-js';
import s from './button.module.css';
import { Icon, type IconName } from './icon';
import { ripple } from './ripple';
import { Spinner } from './spinner';

type ButtonProps = Omit<JSX.ButtonHTMLAttributes<HTMLButtonElement>, 'class'> & {
  kind?: 'primary' | 'light' | 'text' | 'danger';
  busy?: boolean;
};

/** A button with words. `primary` fills with the accent, `light` tints, `text` and `danger` are for dialogs. */
export function Button(props: ButtonProps) {
  const [own, rest] = splitProps(props, ['kind', 'busy', 'children']);
  return (
    <button
      type="button"
      {...rest}
      class={`${s.button} ${s[own.kind ?? 'text']}`}
      onPointerDown={ripple}
      aria-busy={own.busy}
    >
      {own.children}
      <Show when={own.busy}>
        <span class={s.ring}>
          <Spinner size={20} />
        </span>
      </Show>
    </button>
  );
}

type IconButtonProps = Omit<JSX.ButtonHTMLAttributes<HTMLButtonElement>, 'class' | 'children'> & {
  icon: IconName;
  label: string;
  class?: string | undefined;
};

/** A round 40 px button with one icon; the label is for screen readers and the tooltip. */
export function IconButton(props: IconButtonProps) {
  const [own, rest] = splitProps(props, ['icon', 'label', 'class']);
  return (
    <button
      type="button"
      {...rest}
      class={`${s.round} ${own.class ?? ''}`}
      aria-label={own.label}
      data-tooltip={own.label}
      onPointerDown={ripple}
    >
      <Icon name={own.icon} />
    </button>
  );
}
