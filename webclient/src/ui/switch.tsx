import s from './switch.module.css';

/** The drawing of an on/off switch; the row or menu item around it is what one presses. */
export function Switch(props: { on: boolean }) {
  return (
    <span class={s.track} data-on={props.on} data-testid="switch" aria-hidden="true">
      <span class={s.thumb} />
    </span>
  );
}
