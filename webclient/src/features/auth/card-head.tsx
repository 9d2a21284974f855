import s from './auth.module.css';

/** Title and hint of a card. */
export function CardHead(props: { title: string; hint: string }) {
  return (
    <>
      <h1 class={s.title} data-testid="auth-title">
        {props.title}
      </h1>
      <p class={s.hint}>{props.hint}</p>
    </>
  );
}
