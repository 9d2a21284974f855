import s from './ring.module.css';

/** A ring that fills as `part` goes from 0 to 1, with a spinning beginning; the size is that of its parent. */
export function Ring(props: { part: number }) {
  return (
    <svg class={s.ring} viewBox="0 0 48 48" aria-hidden="true">
      <circle cx="24" cy="24" r="21" style={{ '--part': String(Math.max(0.04, Math.min(1, props.part))) }} />
    </svg>
  );
}
