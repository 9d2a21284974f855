import s from './spinner.module.css';

/** A ring that turns while something is under way; `size` px. */
export function Spinner(props: { size: number }) {
  return <span class={s.ring} style={{ '--size': `${props.size}px` }} aria-hidden="true" />;
}
