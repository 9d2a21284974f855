import { createEffect, createSignal, For, on, onCleanup, onMount, Show } from 'solid-js';
import { t } from '../../i18n';
import { useClient } from '../../store/context';
import type { RoomId, UserId } from '../../store/contract';
import { setChoosingDay } from '../../store/dates';
import { goToEvent } from '../../store/messages-ui';
import { setChatSearch } from '../../store/pages';
import { nameOf } from '../../store/people';
import { IconButton } from '../../ui/button';
import { keepFocus } from '../../ui/focus';
import { pushLayer } from '../../ui/layers';
import { openMenu } from '../../ui/menu';
import { ScrollArea } from '../../ui/scroll-area';
import { Spinner } from '../../ui/spinner';
import { createMessageSearch } from './message-search';
import s from './search.module.css';
import { MessageFound } from './search-pane';

const senders_most = 20;

/** Looking for words in the open chat: a field in place of its head, what was found below, up and down through it. */
export function ChatSearch(props: { roomId: RoomId }) {
  const { state } = useClient();
  let field!: HTMLInputElement;
  keepFocus();
  const [words, setWords] = createSignal('');
  const [sender, setSender] = createSignal<UserId | null>(null);
  const [at, setAt] = createSignal(0);
  const [listed, setListed] = createSignal(true);
  const search = createMessageSearch(
    words,
    () => props.roomId,
    () => 'all',
    sender,
  );
  const close = () => setChatSearch(false);
  onMount(() => {
    field.focus();
    onCleanup(pushLayer(close));
  });
  createEffect(
    on(words, () => {
      setAt(0);
      setListed(true);
    }),
  );
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
  const from = (place: Element) => {
    const members = Object.values(state.members[props.roomId] ?? {}).filter((one) => one.membership === 'join');
    openMenu(place, [
      { id: 'anyone', label: t('search-anyone'), icon: 'users', select: () => setSender(null) },
      ...members.slice(0, senders_most).map((one) => ({
        id: `from-${one.userId}`,
        label: nameOf(state, props.roomId, one.userId),
        icon: 'user' as const,
        select: () => setSender(one.userId),
      })),
    ]);
  };
  return (
    <search data-testid="chat-search">
      <div class={s.bar}>
        <IconButton icon="arrow-left" label={t('info-close')} onClick={close} data-testid="chat-search-close" />
        <input
          ref={field}
          class={s.field}
          type="text"
          value={words()}
          placeholder={
            sender() ? t('search-from', { name: nameOf(state, props.roomId, sender() ?? '') }) : t('search-in-chat')
          }
          aria-label={t('search-in-chat')}
          autocomplete="off"
          onInput={(event) => setWords(event.currentTarget.value)}
          onKeyDown={keyed}
          data-testid="chat-search-input"
        />
        <Show when={!search.busy()} fallback={<Spinner size={24} />}>
          <Show when={words().trim().length > 1}>
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
          icon="user"
          label={t('search-by')}
          onClick={(event) => from(event.currentTarget)}
          data-testid="chat-search-by"
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
      <Show when={listed() && search.found().length > 0}>
        <div class={s.results}>
          <ScrollArea testid="chat-search-results">
            <For each={search.found()}>
              {(one, place) => (
                <MessageFound
                  found={one}
                  onOpen={() => {
                    setAt(place());
                    setListed(false);
                  }}
                />
              )}
            </For>
          </ScrollArea>
        </div>
      </Show>
    </search>
  );
}
