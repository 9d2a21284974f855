import { t } from '../i18n';
import s from './columns.module.css';
import { left, leftDefault, setLeft } from './width';

const step = 20;

/** The edge of the chat list: drag it, use the arrow keys, or double-click for the width it came with. */
export function Resizer() {
  const drag = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    const edge = event.currentTarget;
    const from = { x: event.clientX, width: left() };
    const sign = getComputedStyle(edge).direction === 'rtl' ? -1 : 1;
    const move = (next: PointerEvent) => setLeft(from.width + sign * (next.clientX - from.x));
    edge.setPointerCapture(event.pointerId);
    edge.addEventListener('pointermove', move);
    edge.addEventListener('lostpointercapture', () => edge.removeEventListener('pointermove', move), { once: true });
  };
  const keyed = (event: KeyboardEvent) => {
    if (event.key === 'ArrowLeft') setLeft(left() - step);
    else if (event.key === 'ArrowRight') setLeft(left() + step);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a separator that is moved has no element of its own
    <div
      class={s.resizer}
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label={t('info-resize')}
      aria-valuenow={left()}
      data-testid="resizer"
      onPointerDown={drag}
      onDblClick={() => setLeft(leftDefault)}
      onKeyDown={keyed}
    />
  );
}
