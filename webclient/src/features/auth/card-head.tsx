import type { JSX } from 'solid-js';
import s from './auth.module.css';

/** Title and hint of a card; `action` stands beside the title. */
export function CardHead(props: { title: string; hint: string; action?: JSX.Element }) {
  return (
    <>
      <div class={s.head}>
        <h1 class={s.title} data-testid="auth-title">
          {props.title}
        </h1>
        {props.action}
      </div>
      <p class={s.hint}>{props.hint}</p>
    </>
  );
}
