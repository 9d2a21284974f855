import { createSignal, onCleanup, onMount } from 'solid-js';
import { later } from './parts';
import s from './tooltip.module.css';

const delay_ms = 500;
const floating = later(() => import('@floating-ui/dom'));

/** Shows the text of `data-tooltip` beside the element that the mouse rests on; stands once in the page. */
export function TooltipHost() {
  let box!: HTMLDivElement;
  const [text, setText] = createSignal('');
  let timer: ReturnType<typeof setTimeout> | undefined;

  const hide = () => {
    clearTimeout(timer);
    if (box.matches(':popover-open')) box.hidePopover();
  };
  const show = async (target: HTMLElement) => {
    const { computePosition, flip, offset, shift } = await floating();
    if (!target.isConnected) return;
    setText(target.dataset.tooltip ?? '');
    box.showPopover();
    const { x, y } = await computePosition(target, box, {
      strategy: 'fixed',
      placement: 'bottom',
      middleware: [offset(6), flip({ padding: 8 }), shift({ padding: 8 })],
    });
    box.style.setProperty('--x', `${Math.round(x)}px`);
    box.style.setProperty('--y', `${Math.round(y)}px`);
  };
  const over = (event: PointerEvent) => {
    const target = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-tooltip]') : null;
    hide();
    if (target && event.pointerType === 'mouse')
      timer = setTimeout(() => target.isConnected && void show(target), delay_ms);
  };
  onMount(() => {
    document.addEventListener('pointerover', over);
    document.addEventListener('pointerdown', hide, true);
    onCleanup(() => {
      clearTimeout(timer);
      document.removeEventListener('pointerover', over);
      document.removeEventListener('pointerdown', hide, true);
    });
  });
  return (
    <div ref={box} class={s.tooltip} popover="manual" role="tooltip" data-testid="tooltip">
      {text()}
    </div>
  );
}
