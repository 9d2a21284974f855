import { createEffect, createMemo, createSignal, For, on, onCleanup, onMount, Show } from 'solid-js';
import { t } from '../../i18n';
import type { RoomId } from '../../store/contract';
import { setChoosingDay } from '../../store/dates';
import { goToEvent } from '../../store/messages-ui';
import { setChatSearch } from '../../store/pages';
import { Button, IconButton } from '../../ui/button';
import { keepFocus } from '../../ui/focus';
import { pushLayer } from '../../ui/layers';
import { ScrollArea } from '../../ui/scroll-area';
import { Spinner } from '../../ui/spinner';
import { createFilters, FilterChips } from './filters';
import { markWords } from './highlight';
import { createMessageSearch, isEnough } from './message-search';
import s from './search.module.css';
import { MessageFound } from './search-pane';

/** Looking for words in the open chat: a field in place of its head, what was found below, up and down through it. */
export function ChatSearch(props: { roomId: RoomId }) {
  let field!: HTMLInputElement;
  keepFocus();
  const [words, setWords] = createSignal('');
  const filters = createFilters();
  const [at, setAt] = createSignal(0);
  const [listed, setListed] = createSignal(true);
  const wish = createMemo(() => ({
    words: words().trim(),
    roomId: props.roomId,
    sender: filters.sender(),
    kind: filters.kind(),
    ...filters.times(),
  }));
  const search = createMessageSearch(wish);
  const close = () => setChatSearch(false);
  onMount(() => {
    field.focus();
    onCleanup(pushLayer(close));
  });
  createEffect(
    on(wish, () => {
      setAt(0);
      setListed(true);
    }),
  );
  createEffect(() => markWords(isEnough(wish()) ? (search.found()[0]?.marks ?? []) : []));
  onCleanup(() => markWords([]));
  const go = (step: number) => {
    const next = at() + step;
    const one = search.found()[next];
    if (!one) return;
    setAt(next);
    setListed(false);
    goToEvent(props.roomId, one.eventId);
  };
  const keyed = (event: KeyboardEvent) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    if (listed()) go(0);
    else go(event.shiftKey ? -1 : 1);
  };
  const total = () => search.count() ?? search.found().length;
  return (
    <search data-testid="chat-search">
      <div class={s.bar}>
        <IconButton icon="arrow-left" label={t('info-close')} onClick={close} data-testid="chat-search-close" />
        <input
          ref={field}
          class={s.field}
          type="text"
          value={words()}
          placeholder={t('search-in-chat')}
          aria-label={t('search-in-chat')}
          autocomplete="off"
          onInput={(event) => setWords(event.currentTarget.value)}
          onKeyDown={keyed}
          data-testid="chat-search-input"
        />
        <Show when={!search.busy()} fallback={<Spinner size={24} />}>
          <Show when={isEnough(wish())}>
            <span class={s.count} data-testid="chat-search-count" aria-live="polite">
              {search.found().length === 0
                ? t('list-nothing-found')
                : t('search-count', { at: at() + 1, total: total() })}
            </span>
          </Show>
        </Show>
        <IconButton
          icon="calendar"
          label={t('day-title')}
          onClick={() => setChoosingDay(Date.now())}
          data-testid="chat-search-day"
        />
        <IconButton
          icon="chevron-up"
          label={t('search-older')}
          disabled={at() >= search.found().length - 1}
          onClick={() => go(1)}
          data-testid="chat-search-up"
        />
        <IconButton
          icon="chevron-down"
          label={t('search-newer')}
          disabled={at() <= 0}
          onClick={() => go(-1)}
          data-testid="chat-search-down"
        />
      </div>
      <div class={s.below}>
        <FilterChips of={filters} roomId={props.roomId} />
        <Show when={listed() && search.found().length > 0}>
          <ScrollArea testid="chat-search-results">
            <For each={search.found()}>
              {(one, place) => (
                <MessageFound
                  found={one}
                  marks={false}
                  onOpen={() => {
                    setAt(place());
                    setListed(false);
                  }}
                />
              )}
            </For>
            <Show when={search.hasMore()}>
              <div class={s.more}>
                <Button disabled={search.busy()} busy={search.busy()} onClick={search.more}>
                  {t('load-more')}
                </Button>
              </div>
            </Show>
          </ScrollArea>
        </Show>
      </div>
    </search>
  );
}
