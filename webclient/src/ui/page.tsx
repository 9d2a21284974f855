import { createUniqueId, For, type JSX, onCleanup, onMount, Show, Suspense } from 'solid-js';
import { IconButton } from './button';
import { keepFocus } from './focus';
import { Icon, type IconName } from './icon';
import { pushLayer } from './layers';
import s from './page.module.css';
import { ripple } from './ripple';
import { ScrollArea } from './scroll-area';
import { Switch } from './switch';

type PageProps = {
  title: string;
  onBack: () => void;
  backLabel: string;
  /** Buttons at the end of the head. */
  actions?: JSX.Element;
  /** Stands below what scrolls. */
  foot?: JSX.Element;
  viewport?: (box: HTMLDivElement) => void;
  children: JSX.Element;
  testid: string;
};

/** A page that slides over its column: a head with a way back, and sections that scroll. Esc and Back close it. */
export function Page(props: PageProps) {
  let root!: HTMLElement;
  keepFocus(() => root);
  onMount(() => {
    const pop = pushLayer(() => props.onBack());
    queueMicrotask(() => {
      if (!root.contains(document.activeElement))
        root.querySelector<HTMLElement>('button')?.focus({ preventScroll: true });
    });
    onCleanup(pop);
  });
  const id = createUniqueId();
  return (
    <section class={s.page} aria-labelledby={id} ref={root} data-testid={props.testid}>
      <header class={s.head}>
        <IconButton icon="arrow-left" label={props.backLabel} onClick={() => props.onBack()} data-testid="page-back" />
        <h2 class={s.title} id={id}>
          {props.title}
        </h2>
        {props.actions}
      </header>
      <ScrollArea testid={`${props.testid}-scroll`} {...(props.viewport ? { viewport: props.viewport } : {})}>
        {/* What is waited for here takes away neither the page nor those below it. */}
        <Suspense>{props.children}</Suspense>
      </ScrollArea>
      {props.foot}
    </section>
  );
}

/** A white block of rows, with a caption above and a note below. */
export function Section(props: {
  caption?: string | undefined;
  note?: string | undefined;
  children: JSX.Element;
  testid?: string;
}) {
  return (
    <div class={s.block}>
      <div class={s.section} data-testid={props.testid}>
        <Show when={props.caption}>{(caption) => <h3 class={s.caption}>{caption()}</h3>}</Show>
        {props.children}
      </div>
      <Show when={props.note}>{(note) => <p class={s.note}>{note()}</p>}</Show>
    </div>
  );
}

type RowProps = {
  icon?: IconName | undefined;
  /** In place of the icon. */
  lead?: JSX.Element;
  text: string;
  /** Lines between the text and `sub`. */
  more?: readonly string[] | undefined;
  sub?: string | undefined;
  /** At the end of the row. */
  value?: string | undefined;
  trail?: JSX.Element;
  danger?: boolean | undefined;
  disabled?: boolean | undefined;
  onClick?: ((event: MouseEvent & { currentTarget: HTMLElement }) => void) | undefined;
  testid?: string | undefined;
};

/** One row that can be pressed; without `onClick` it only tells something. */
export function PageRow(props: RowProps) {
  return (
    <button
      type="button"
      class={s.row}
      data-danger={props.danger}
      disabled={props.disabled || !props.onClick}
      data-plain={!props.onClick}
      data-testid={props.testid}
      onClick={(event) => props.onClick?.(event)}
      onPointerDown={ripple}
    >
      <Show when={props.icon} fallback={props.lead}>
        {(icon) => <Icon name={icon()} class={s.icon} />}
      </Show>
      <span class={s.words}>
        <span class={s.text}>{props.text}</span>
        <For each={props.more}>{(line) => <span class={s.more}>{line}</span>}</For>
        <Show when={props.sub}>{(sub) => <span class={s.sub}>{sub()}</span>}</Show>
      </span>
      <Show when={props.value}>{(value) => <span class={s.value}>{value()}</span>}</Show>
      {props.trail}
    </button>
  );
}

/** A row with a switch. */
export function SwitchRow(props: {
  icon?: IconName | undefined;
  text: string;
  sub?: string | undefined;
  on: boolean;
  disabled?: boolean;
  onChange: (on: boolean) => void;
  testid?: string;
}) {
  return (
    <button
      type="button"
      role="switch"
      aria-checked={props.on}
      class={s.row}
      disabled={props.disabled}
      data-testid={props.testid}
      onClick={() => props.onChange(!props.on)}
      onPointerDown={ripple}
    >
      <Show when={props.icon}>{(icon) => <Icon name={icon()} class={s.icon} />}</Show>
      <span class={s.words}>
        <span class={s.text}>{props.text}</span>
        <Show when={props.sub}>{(sub) => <span class={s.sub}>{sub()}</span>}</Show>
      </span>
      <Switch on={props.on} />
    </button>
  );
}

/** Rows of which exactly one is chosen. */
export function Choices<Id extends string>(props: {
  choices: readonly { readonly id: Id; readonly text: string; readonly sub?: string }[];
  value: Id;
  label: string;
  disabled?: boolean;
  onChange: (id: Id) => void;
}) {
  let group!: HTMLDivElement;
  const move = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const at = props.choices.findIndex((one) => one.id === props.value);
    const next = props.choices[(at + step + props.choices.length) % props.choices.length];
    if (!next) return;
    props.onChange(next.id);
    group.querySelector<HTMLElement>(`[data-choice="${next.id}"]`)?.focus();
  };
  return (
    <div role="radiogroup" aria-label={props.label} tabIndex={-1} ref={group} onKeyDown={move}>
      <For each={props.choices}>
        {(one) => (
          // biome-ignore lint/a11y/useSemanticElements: an input of its own could not be a whole row
          <button
            type="button"
            role="radio"
            aria-checked={props.value === one.id}
            tabIndex={props.value === one.id ? 0 : -1}
            class={s.row}
            disabled={props.disabled}
            data-choice={one.id}
            data-testid={`choice-${one.id}`}
            onClick={() => props.onChange(one.id)}
            onPointerDown={ripple}
          >
            <i class={s.ring} data-on={props.value === one.id} />
            <span class={s.words}>
              <span class={s.text}>{one.text}</span>
              <Show when={one.sub}>{(sub) => <span class={s.sub}>{sub()}</span>}</Show>
            </span>
          </button>
        )}
      </For>
    </div>
  );
}
