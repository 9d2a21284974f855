import { createSignal, Show } from 'solid-js';
import s from './avatar.module.css';
import { colourOf, initialsOf } from './colour';

type AvatarProps = {
  id: string;
  name: string;
  size: number;
  src?: string | undefined;
  online?: boolean;
  testid?: string;
};

/** A round picture of `size` px, or initials on the colour of the id; with a green dot when online. */
export function Avatar(props: AvatarProps) {
  const [broken, setBroken] = createSignal<string>();
  return (
    <span
      class={s.avatar}
      data-testid={props.testid ?? 'avatar'}
      data-colour={colourOf(props.id)}
      style={{ '--size': `${props.size}px` }}
      aria-hidden="true"
    >
      <Show
        when={props.src !== undefined && props.src !== broken() ? props.src : undefined}
        fallback={initialsOf(props.name)}
      >
        {(src) => <img class={s.picture} src={src()} alt="" loading="lazy" onError={() => setBroken(src())} />}
      </Show>
      <Show when={props.online}>
        <i class={s.online} data-testid="online-dot" />
      </Show>
    </span>
  );
}
