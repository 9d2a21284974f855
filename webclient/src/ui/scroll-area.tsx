import { createSignal, type JSX, onCleanup, onMount } from 'solid-js';
import s from './scroll-area.module.css';

const thumb_min = 80;

interface Thumb {
  readonly top: number;
  readonly length: number;
}

// In whole px: who scrolls a long way, or writes at its end, changes it now and then, and each change is a layout.
const isSame = (one: Thumb, other: Thumb) => one.top === other.top && one.length === other.length;

type ScrollAreaProps = {
  children: JSX.Element;
  /** Gets the scrolling element once, as soon as it exists: the owner's `onMount` runs later. */
  viewport?: (element: HTMLDivElement) => void;
  /** Whether it moves by itself: then no bar is shown for it, and none is moved before it has come to rest. */
  glides?: () => boolean;
  testid?: string;
  class?: string | undefined;
};

/** A scroll box whose 6 px bar lies over the content and is seen only while the pane is hovered or scrolls. */
export function ScrollArea(props: ScrollAreaProps) {
  let box!: HTMLDivElement;
  let content!: HTMLDivElement;
  const [thumb, setThumb] = createSignal({ top: 0, length: 0 }, { equals: isSame });
  const [scrolling, setScrolling] = createSignal(false);
  let timer: ReturnType<typeof setTimeout> | undefined;

  const bind = (element: HTMLDivElement) => {
    box = element;
    props.viewport?.(element);
  };
  const measure = () => {
    const { scrollTop, scrollHeight, clientHeight } = box;
    const part = Math.round(clientHeight ** 2 / scrollHeight);
    const length = scrollHeight > clientHeight ? Math.max(thumb_min, part) : 0;
    const path = scrollHeight - clientHeight;
    setThumb({ length, top: path > 0 ? Math.round((scrollTop / path) * (clientHeight - length)) : 0 });
  };
  const scrolled = () => {
    // Of a scroll the browser tells in the next frame, also when the box has gone by then: a timer would keep all of it.
    if (!box.isConnected || props.glides?.()) return;
    measure();
    setScrolling(true);
    clearTimeout(timer);
    timer = setTimeout(() => setScrolling(false), 1000);
  };
  onMount(() => {
    const sizes = new ResizeObserver(measure);
    sizes.observe(box);
    sizes.observe(content);
    onCleanup(() => {
      sizes.disconnect();
      clearTimeout(timer);
    });
  });
  const drag = (event: PointerEvent & { currentTarget: HTMLDivElement }) => {
    event.preventDefault();
    const bar = event.currentTarget;
    const from = { y: event.clientY, top: box.scrollTop };
    const ratio = (box.scrollHeight - box.clientHeight) / (box.clientHeight - thumb().length);
    const move = (next: PointerEvent) => {
      box.scrollTop = from.top + (next.clientY - from.y) * ratio;
    };
    bar.setPointerCapture(event.pointerId);
    bar.addEventListener('pointermove', move);
    bar.addEventListener('lostpointercapture', () => bar.removeEventListener('pointermove', move), { once: true });
  };
  return (
    <div class={`${s.area} ${props.class ?? ''}`}>
      <div class={s.viewport} ref={bind} onScroll={scrolled} data-testid={props.testid}>
        <div ref={content} class={s.content}>
          {props.children}
        </div>
      </div>
      <div
        class={s.thumb}
        data-scrolling={scrolling()}
        aria-hidden="true"
        hidden={thumb().length === 0}
        style={{ '--top': `${thumb().top}px`, '--length': `${thumb().length}px` }}
        onPointerDown={drag}
      />
    </div>
  );
}
