import { type JSX, onMount } from 'solid-js';
import { CardHead } from '../card-head';
import s from './phone.module.css';

type StepProps = {
  name: string;
  title: string;
  hint: string;
  /** It was there before: it comes from the other side. */
  back: boolean;
  submit: () => void;
  /** Stands beside the title. */
  action?: JSX.Element;
  children: JSX.Element;
};

/** One step of the card. Its first field gets the focus when it has arrived, so that no keyboard of a phone shakes it. */
export function Step(props: StepProps) {
  let form!: HTMLFormElement;
  const arrived = (event: AnimationEvent) => {
    if (event.target === form) form.querySelector<HTMLInputElement>('[data-first] input')?.focus();
  };
  onMount(() => form.addEventListener('animationend', arrived));
  return (
    <form
      ref={form}
      class={s.step}
      data-back={props.back}
      data-testid={`phone-${props.name}`}
      onSubmit={(event) => {
        event.preventDefault();
        props.submit();
      }}
    >
      <CardHead title={props.title} hint={props.hint} action={props.action} />
      {props.children}
    </form>
  );
}
