import { Show } from 'solid-js';
import { qrCode } from '../model/qr';
import s from './qr-image.module.css';

/** Light squares on each side: readers find a code by them. */
const border = 4;

/** An address as a square that cameras read; nothing where it is too long for one. */
export function QrImage(props: { text: string; label: string }) {
  const code = () => qrCode(props.text);
  const path = () =>
    (code() ?? [])
      .flatMap((row, y) => row.map((dark, x) => (dark ? `M${x + border} ${y + border}h1v1h-1z` : '')))
      .join('');
  const side = () => (code()?.length ?? 0) + 2 * border;
  return (
    <Show when={code()}>
      <svg class={s.code} viewBox={`0 0 ${side()} ${side()}`} role="img" aria-label={props.label} data-testid="qr">
        <path d={path()} />
      </svg>
    </Show>
  );
}
