import { type Accessor, Show } from 'solid-js';
import s from './avatar.module.css';
import { colourOf, initialsOf } from './colour';
import { Icon } from './icon';

type AvatarProps = {
  id: string;
  name: string;
  size: number;
  /** Address of the picture, in the words of whoever gives the pictures. */
  photo?: string | null | undefined;
  /** Address of a picture of this device, shown in its place. */
  local?: string | undefined;
  online?: boolean;
  /** Of my own notes: a bookmark. */
  saved?: boolean;
  testid?: string;
};

/** Gives an address that can be shown for the picture, as soon as there is one; called inside of components. */
type PhotoSource = (photo: Accessor<string | null>, px: number) => Accessor<string | undefined>;

let source: PhotoSource = () => () => undefined;

/** Let avatars have pictures. Call once, before anything is drawn. */
export function photosFrom(next: PhotoSource): void {
  source = next;
}

/** A picture, else initials on the colour of the id, in a circle of `size` px; with a green dot when online. */
export function Avatar(props: AvatarProps) {
  const shown = source(() => props.photo ?? null, props.size);
  return (
    <span
      class={s.avatar}
      data-testid={props.testid ?? 'avatar'}
      data-colour={props.saved ? 'saved' : colourOf(props.id)}
      style={{ '--size': `${props.size}px` }}
      aria-hidden="true"
    >
      <Show
        when={props.local ?? shown()}
        fallback={props.saved ? <Icon name="bookmark" size={props.size / 2} /> : initialsOf(props.name)}
      >
        {(address) => <img class={s.photo} src={address()} alt="" loading="lazy" decoding="async" draggable={false} />}
      </Show>
      <Show when={props.online}>
        <i class={s.online} data-testid="online-dot" />
      </Show>
    </span>
  );
}
