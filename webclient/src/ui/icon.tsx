import s from './icon.module.css';
import type { IconName } from './icon-names';
import sprite from './icons.svg?no-inline';

export type { IconName };

/** A line icon of the sprite in the current text colour; `size` px square. It says nothing to screen readers. */
export function Icon(props: { name: IconName; size?: number; class?: string | undefined }) {
  return (
    <svg class={`${s.icon} ${props.class ?? ''}`} aria-hidden="true" style={{ '--size': `${props.size ?? 24}px` }}>
      <use href={`${sprite}#${props.name}`} />
    </svg>
  );
}
