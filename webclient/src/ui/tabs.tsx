import { createEffect, createMemo, For, on, onMount, Show } from 'solid-js';
import { Badge } from './badge';
import { reorder } from './reorder';
import s from './tabs.module.css';

export type Tab<Id extends string> = {
  readonly id: Id;
  readonly label: string;
  readonly count?: number | undefined;
  /** Can be carried to another place among those that can. */
  readonly movable?: boolean;
};

type TabsProps<Id extends string> = {
  tabs: readonly Tab<Id>[];
  value: Id;
  onChange: (id: Id) => void;
  /** A tab was carried to the place of the one that is `to` among the movable ones. */
  onMove?: (id: Id, to: number) => void;
  label: string;
};

/** A row of tabs with a bar under the chosen one; arrow keys move the choice. */
export function Tabs<Id extends string>(props: TabsProps<Id>) {
  let row!: HTMLDivElement;
  // A tab whose count changes stays the same element: it may be the one that is being carried.
  const known = createMemo(() => new Map(props.tabs.map((tab) => [tab.id, tab])));
  const ids = createMemo(() => props.tabs.map((tab) => tab.id));
  onMount(() => {
    if (props.onMove) reorder(row, 'x', (id, to) => props.onMove?.(id as Id, to));
  });
  // The chosen tab is in sight, however it was chosen.
  createEffect(
    on(
      () => props.value,
      (id) =>
        row.querySelector(`[data-tab="${CSS.escape(id)}"]`)?.scrollIntoView({ block: 'nearest', inline: 'nearest' }),
      { defer: true },
    ),
  );
  const move = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    const at = props.tabs.findIndex((tab) => tab.id === props.value);
    const next = props.tabs[(at + step + props.tabs.length) % props.tabs.length];
    if (!next) return;
    props.onChange(next.id);
    row.querySelector<HTMLElement>(`[data-tab="${CSS.escape(next.id)}"]`)?.focus();
  };
  return (
    <div
      class={s.tabs}
      role="tablist"
      aria-label={props.label}
      tabIndex={-1}
      onKeyDown={move}
      ref={row}
      data-testid="tabs"
    >
      <For each={ids()}>
        {(id) => (
          <button
            type="button"
            role="tab"
            class={s.tab}
            data-tab={id}
            data-drag={known().get(id)?.movable ? id : undefined}
            data-testid="tab"
            aria-selected={props.value === id}
            tabIndex={props.value === id ? 0 : -1}
            onClick={() => props.onChange(id)}
          >
            <bdi class={s.label}>{known().get(id)?.label}</bdi>
            <Show when={known().get(id)?.count}>{(count) => <Badge count={count()} testid="tab-badge" />}</Show>
          </button>
        )}
      </For>
    </div>
  );
}
