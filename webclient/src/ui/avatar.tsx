import { Show } from 'solid-js';
import s from './avatar.module.css';
import { colourOf, initialsOf } from './colour';

type AvatarProps = { id: string; name: string; size: number; online?: boolean; testid?: string };

/** Initials on the colour of the id, in a circle of `size` px; with a green dot when online. */
export function Avatar(props: AvatarProps) {
  return (
    <span
      class={s.avatar}
      data-testid={props.testid ?? 'avatar'}
      data-colour={colourOf(props.id)}
      style={{ '--size': `${props.size}px` }}
      aria-hidden="true"
    >
      {initialsOf(props.name)}
      <Show when={props.online}>
        <i class={s.online} data-testid="online-dot" />
      </Show>
    </span>
  );
}
