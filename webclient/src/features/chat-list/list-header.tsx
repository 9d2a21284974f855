import { createEffect, createSignal, on, onCleanup, onMount, Show } from 'solid-js';
import { t } from '../../i18n';
import { useClient } from '../../store/context';
import { folded, setFolded } from '../../store/pages';
import { IconButton } from '../../ui/button';
import { Icon } from '../../ui/icon';
import { Spinner } from '../../ui/spinner';
import s from './list-header.module.css';

const patience_ms = 10_000;

const waiting = { offline: 'list-waiting', connecting: 'list-connecting', updating: 'list-updating' } as const;

/** Menu button and search field; the field also says how the connection is, so that nothing moves. */
export function ListHeader(props: {
  query: string;
  searching: boolean;
  onSearch: (on: boolean) => void;
  onQuery: (words: string) => void;
  mainMenu: (at: Element) => void;
}) {
  const { state } = useClient();
  const status = () => state.connection.status;
  // Once it takes long, how long until the next try; whole seconds, while they are counted.
  const [waits, setWaits] = createSignal<number>();
  createEffect(
    on(
      () => status() === 'live' || status() === 'updating',
      (fine) => {
        setWaits(undefined);
        if (fine) return;
        const since = Date.now();
        const timer = setInterval(() => {
          const { retryAt } = state.connection;
          const isLong = retryAt !== null && Date.now() - since >= patience_ms;
          setWaits(isLong ? Math.max(1, Math.ceil((retryAt - Date.now()) / 1000)) : undefined);
        }, 1000);
        onCleanup(() => clearInterval(timer));
      },
    ),
  );
  const placeholder = () => {
    if (state.connection.full) return t('list-full');
    if (state.connection.memory && status() === 'live') return t('list-memory');
    const now = status();
    if (now !== 'live' && waits()) return t('list-retry', { seconds: waits() ?? 0 });
    return t(now === 'live' ? 'list-search' : waiting[now]);
  };
  // Who walks by Tab passes the field on the way to the list, which the search would take away.
  let tabbed = false;
  const note = (event: Event) => {
    tabbed = event instanceof KeyboardEvent && event.key === 'Tab';
  };
  onMount(() => {
    for (const kind of ['keydown', 'pointerdown']) document.addEventListener(kind, note, { capture: true });
    onCleanup(() => {
      for (const kind of ['keydown', 'pointerdown']) document.removeEventListener(kind, note, { capture: true });
    });
  });
  const stop = () => {
    props.onQuery('');
    props.onSearch(false);
  };
  return (
    <header class={s.header} data-testid="list-header">
      <Show
        when={props.searching}
        fallback={
          <IconButton
            icon="menu"
            label={t('list-menu')}
            onClick={(event) => props.mainMenu(event.currentTarget)}
            data-testid="main-menu"
          />
        }
      >
        <IconButton icon="arrow-left" label={t('chat-back')} onClick={stop} data-testid="search-back" />
      </Show>
      <search class={s.search} data-testid="search">
        <input
          class={s.input}
          type="text"
          value={props.query}
          placeholder={placeholder()}
          aria-label={t('list-search')}
          data-testid="search-input"
          data-search
          autocomplete="off"
          onFocus={() => {
            if (folded()) setFolded(false);
            if (!tabbed) props.onSearch(true);
          }}
          onInput={(event) => {
            props.onSearch(true);
            props.onQuery(event.currentTarget.value);
          }}
          onKeyDown={(event) => {
            if (event.key === 'ArrowDown' || event.key === 'Enter') {
              const first = document.querySelector<HTMLElement>(
                '[data-testid=search-pane] :is([data-testid^="found-"], [data-testid=address-row])',
              );
              if (!first) return;
              event.preventDefault();
              if (event.key === 'Enter') first.click();
              else first.focus();
              return;
            }
            if (event.key !== 'Escape') return;
            event.preventDefault();
            event.stopPropagation();
            if (props.query) return props.onQuery('');
            event.currentTarget.blur();
            stop();
          }}
        />
        <Show when={status() === 'live'} fallback={<Spinner size={22} />}>
          <Show when={props.query} fallback={<Icon name="search" class={s.glass} />}>
            <button type="button" class={s.clear} aria-label={t('info-close')} onClick={() => props.onQuery('')}>
              <Icon name="x" size={20} />
            </button>
          </Show>
        </Show>
      </search>
    </header>
  );
}
