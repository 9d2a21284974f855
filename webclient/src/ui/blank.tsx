import { type JSX, Show } from 'solid-js';
import s from './blank.module.css';
import { Icon, type IconName } from './icon';

/** What stands where there is nothing to show: a large icon, one title, one hint, at most one button. */
export function Blank(props: {
  icon: IconName;
  title: string;
  hint?: string;
  children?: JSX.Element;
  testid?: string;
}) {
  return (
    <div class={s.blank} data-testid={props.testid ?? 'blank'}>
      <Icon name={props.icon} size={96} class={s.icon} />
      <p class={s.title}>{props.title}</p>
      <Show when={props.hint}>{(hint) => <p class={s.hint}>{hint()}</p>}</Show>
      {props.children}
    </div>
  );
}
