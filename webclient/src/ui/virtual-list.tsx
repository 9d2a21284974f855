import { createEffect, createMemo, createSignal, For, type JSX, on, onCleanup, onMount } from 'solid-js';
import { mayMove } from './motion';
import s from './virtual-list.module.css';

const spare = 6;

type VirtualListProps = {
  ids: readonly string[];
  rowHeight: number;
  label: string;
  /** The element that scrolls; the list may stand below other content in it. */
  viewport: HTMLElement;
  row: (id: string) => JSX.Element;
};

/** Rows of one height of which only the visible ones are in the document; a row that changes its place glides there. */
export function VirtualList(props: VirtualListProps) {
  let list!: HTMLUListElement;
  const [view, setView] = createSignal({ top: 0, height: 0 });
  const places = createMemo(() => new Map(props.ids.map((id, at) => [id, at])));
  const visible = createMemo(() => {
    const first = Math.max(0, Math.floor(view().top / props.rowHeight) - spare);
    const last = Math.ceil((view().top + view().height) / props.rowHeight) + spare;
    return props.ids.slice(first, last);
  });
  onMount(() => {
    const viewport = props.viewport;
    const look = () =>
      setView({ top: viewport.scrollTop - (list.offsetTop - viewport.offsetTop), height: viewport.clientHeight });
    const sizes = new ResizeObserver(look);
    sizes.observe(viewport);
    viewport.addEventListener('scroll', look, { passive: true });
    look();
    onCleanup(() => {
      sizes.disconnect();
      viewport.removeEventListener('scroll', look);
    });
  });
  const walk = (event: KeyboardEvent) => {
    const isDown = event.key === 'ArrowDown';
    if ((!isDown && event.key !== 'ArrowUp') || event.altKey || event.ctrlKey || event.metaKey) return;
    const slot = (event.target as HTMLElement).closest('li');
    const next = isDown ? slot?.nextElementSibling : slot?.previousElementSibling;
    if (!next || slot?.parentElement !== list) return;
    event.preventDefault();
    next.querySelector<HTMLElement>('button, a, input')?.focus();
  };
  return (
    <ul
      ref={list}
      onKeyDown={walk}
      class={s.list}
      aria-label={props.label}
      style={{ '--height': `${props.ids.length * props.rowHeight}px`, '--row': `${props.rowHeight}px` }}
    >
      <For each={visible()}>
        {(id) => {
          const place = () => places().get(id) ?? 0;
          return (
            <Slot place={place()} height={props.rowHeight} count={props.ids.length}>
              {props.row(id)}
            </Slot>
          );
        }}
      </For>
    </ul>
  );
}

function Slot(props: { place: number; height: number; count: number; children: JSX.Element }) {
  let slot!: HTMLLIElement;
  createEffect(
    on(
      () => props.place,
      (now, before) => {
        if (before === undefined || now === before || !mayMove()) return;
        const from = `translateY(${(before - now) * props.height}px)`;
        slot.animate([{ transform: from }, { transform: 'none' }], { duration: 200, easing: 'ease-out' });
      },
    ),
  );
  return (
    <li
      ref={slot}
      class={s.slot}
      aria-posinset={props.place + 1}
      aria-setsize={props.count}
      style={{ '--top': `${props.place * props.height}px` }}
    >
      {props.children}
    </li>
  );
}
