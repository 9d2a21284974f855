import type { Placement } from '@floating-ui/dom';
import { type JSX, onCleanup, onMount } from 'solid-js';
import { keepFocus } from './focus';
import { pushLayer } from './layers';
import { later } from './parts';
import s from './popover.module.css';

/** What a popover stands at: an element, or a point of the window in px. */
export type Anchor = Element | { readonly x: number; readonly y: number };

type PopoverProps = {
  anchor: Anchor;
  placement?: Placement;
  onClose: () => void;
  children: JSX.Element;
  testid?: string;
};

/** Loaded with the first thing that floats: the page itself opens without. */
const floating = later(() => import('@floating-ui/dom'));

function rectAt(anchor: Anchor) {
  if (anchor instanceof Element) return anchor;
  const { x, y } = anchor;
  return { getBoundingClientRect: () => ({ x, y, left: x, top: y, right: x, bottom: y, width: 0, height: 0 }) };
}

/** Keeps a box at its anchor, inside the window; answers what ends that. */
async function follow(box: HTMLElement, anchor: Anchor, wanted: Placement): Promise<() => void> {
  const { autoUpdate, computePosition, flip, offset, shift, size } = await floating();
  const reference = rectAt(anchor);
  const place = async () => {
    const { x, y, placement } = await computePosition(reference, box, {
      strategy: 'fixed',
      placement: wanted,
      middleware: [
        offset(4),
        flip({ padding: 8 }),
        shift({ padding: 8 }),
        size({ padding: 8, apply: ({ availableHeight }) => box.style.setProperty('--room', `${availableHeight}px`) }),
      ],
    });
    box.dataset.placed = 'true';
    box.style.setProperty('--x', `${Math.round(x)}px`);
    box.style.setProperty('--y', `${Math.round(y)}px`);
    box.style.setProperty(
      '--from',
      `${placement.endsWith('end') ? '100%' : '0'} ${placement.startsWith('top') ? '100%' : '0'}`,
    );
  };
  return autoUpdate(reference, box, () => void place());
}

/** Marks an anchor until the owner is disposed. */
function mark(anchor: HTMLElement): void {
  anchor.dataset.open = 'true';
  onCleanup(() => {
    delete anchor.dataset.open;
  });
}

/** A floating box in the top layer that stays inside the window; a press outside or Esc closes it. */
export function Popover(props: PopoverProps) {
  let box!: HTMLDivElement;
  keepFocus();
  onMount(() => {
    // What is shown only under the pointer or with the focus stays while something stands at it.
    if (props.anchor instanceof HTMLElement) mark(props.anchor);
    box.showPopover();
    const following = follow(box, props.anchor, props.placement ?? 'bottom-start');
    following.catch(() => props.onClose());
    const outside = (event: PointerEvent) => {
      if (!box.contains(event.target as Node)) props.onClose();
    };
    document.addEventListener('pointerdown', outside, true);
    const pop = pushLayer(() => props.onClose());
    onCleanup(() => {
      void following.then(
        (stop) => stop(),
        () => undefined,
      );
      pop();
      document.removeEventListener('pointerdown', outside, true);
    });
  });
  return (
    <div ref={box} class={s.popover} popover="manual" data-testid={props.testid ?? 'popover'}>
      {props.children}
    </div>
  );
}
