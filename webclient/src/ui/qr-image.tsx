import { Show } from 'solid-js';
import { encode } from 'uqr';
import s from './qr-image.module.css';

/** Light squares on each side: readers find a code by them. */
const border = 4;

/** Rows of dark (true) and light squares; null for a text that is too long. */
function squaresOf(text: string): readonly (readonly boolean[])[] | null {
  try {
    return encode(text, { ecc: 'M', border }).data;
  } catch {
    return null;
  }
}

/** An address as a square that cameras read; nothing where it is too long for one. */
export function QrImage(props: { text: string; label: string }) {
  const squares = () => squaresOf(props.text);
  const path = () =>
    (squares() ?? []).flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  const side = () => squares()?.length ?? 0;
  return (
    <Show when={squares()}>
      <svg class={s.code} viewBox={`0 0 ${side()} ${side()}`} role="img" aria-label={props.label} data-testid="qr">
        <path d={path()} />
      </svg>
    </Show>
  );
}
