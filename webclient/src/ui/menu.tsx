import { batch, createSignal, For, onMount, Show } from 'solid-js';
import { Icon, type IconName } from './icon';
import s from './menu.module.css';
import { type Anchor, Popover } from './popover';
import { Switch } from './switch';

export type MenuItem = {
  readonly id: string;
  readonly label: string;
  readonly icon: IconName;
  readonly danger?: boolean;
  /** With a switch at the end that shows this state. */
  readonly on?: boolean;
  readonly select: () => void;
};

/** Signs above the menu that are picked with one press. */
export type MenuStrip = {
  readonly signs: readonly string[];
  readonly picked: readonly string[];
  readonly pick: (sign: string) => void;
  /** A last button that offers others. */
  readonly more?: { readonly label: string; readonly open: () => void };
};

type OpenMenu = {
  readonly anchor: Anchor;
  readonly items: readonly MenuItem[];
  readonly placement?: 'bottom-end' | 'top-end';
  readonly strip?: MenuStrip;
};

const [menu, setMenu] = createSignal<OpenMenu>();

/** Open the one menu of the page at an element or a point. */
export function openMenu(
  anchor: Anchor,
  items: readonly MenuItem[],
  more: Pick<OpenMenu, 'placement' | 'strip'> = {},
): void {
  setMenu({ anchor, items, ...more });
}

function roleOf(item: MenuItem) {
  return item.on === undefined
    ? ({ role: 'menuitem' } as const)
    : ({ role: 'menuitemcheckbox', 'aria-checked': item.on } as const);
}

function Rows(props: { items: readonly MenuItem[]; strip: MenuStrip | undefined }) {
  let list!: HTMLDivElement;
  const rows = () => [...list.querySelectorAll<HTMLElement>('[role^=menuitem]')];
  onMount(() =>
    queueMicrotask(() =>
      rows()[props.strip ? props.strip.signs.length + (props.strip.more ? 1 : 0) : 0]?.focus({ preventScroll: true }),
    ),
  );
  const move = (event: KeyboardEvent) => {
    const all = rows();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    all[(to + all.length) % all.length]?.focus();
  };
  // The choice is made before the menu goes: what is in it lives no longer than the menu.
  const choose = (select: () => void) => {
    batch(() => {
      select();
      setMenu(undefined);
    });
  };
  return (
    <div role="menu" tabIndex={-1} ref={list} onKeyDown={move}>
      <Show when={props.strip}>
        {(strip) => (
          <div class={s.strip} data-testid="menu-strip">
            <For each={strip().signs}>
              {(sign) => (
                <button
                  type="button"
                  role="menuitem"
                  tabIndex={-1}
                  class={s.sign}
                  data-picked={strip().picked.includes(sign)}
                  onClick={() => choose(() => strip().pick(sign))}
                >
                  {sign}
                </button>
              )}
            </For>
            <Show when={strip().more}>
              {(more) => (
                <button
                  type="button"
                  role="menuitem"
                  tabIndex={-1}
                  class={s.sign}
                  aria-label={more().label}
                  data-testid="strip-more"
                  onClick={() => choose(more().open)}
                >
                  <Icon name="chevron-down" size={20} />
                </button>
              )}
            </Show>
          </div>
        )}
      </Show>
      <div class={s.menu}>
        <For each={props.items}>
          {(item) => (
            <button
              type="button"
              {...roleOf(item)}
              tabIndex={-1}
              class={s.row}
              data-danger={item.danger}
              data-testid={`menu-${item.id}`}
              onClick={() => choose(item.select)}
              onPointerEnter={(event) => event.currentTarget.focus({ preventScroll: true })}
            >
              <Icon name={item.icon} size={20} />
              <span class={s.label}>{item.label}</span>
              <Show when={item.on !== undefined}>
                <Switch on={item.on === true} />
              </Show>
            </button>
          )}
        </For>
      </div>
    </div>
  );
}

/** Draws the open menu; stands once in the page. */
export function MenuHost() {
  return (
    <Show when={menu()} keyed>
      {(open) => (
        <Popover
          anchor={open.anchor}
          placement={open.placement ?? 'bottom-start'}
          onClose={() => setMenu(undefined)}
          testid="menu"
        >
          <Rows items={open.items} strip={open.strip} />
        </Popover>
      )}
    </Show>
  );
}
