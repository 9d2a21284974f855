import { createEffect, createMemo, createSignal, For, type JSX, Match, on, onCleanup, Show, Switch } from 'solid-js';
import { t } from '../../i18n';
import { listTime } from '../../i18n/dates';
import { useClient } from '../../store/context';
import type { Found, MessageSearch, PublicRoom, RoomId } from '../../store/contract';
import { createPeopleSearch } from '../../store/finding-people';
import { goToEvent, openPerson } from '../../store/messages-ui';
import { browseSpace, hasFeature, setPreviewed } from '../../store/pages';
import { knownName } from '../../store/people';
import { goTo } from '../../store/ui';
import { Avatar } from '../../ui/avatar';
import { Blank } from '../../ui/blank';
import { Button } from '../../ui/button';
import { now } from '../../ui/clock';
import { PageRow, Section } from '../../ui/page';
import { homeCountry, numberIn } from '../../ui/phone/numbers';
import { ScrollArea } from '../../ui/scroll-area';
import { Tabs } from '../../ui/tabs';
import { createFilters, FilterChips } from './filters';
import { markBriefly } from './highlight';
import { Marked } from './marked';
import { createMessageSearch } from './message-search';
import { NumberRow } from './number-row';
import { noteSearch, Recent } from './recent';
import s from './search.module.css';

type Tab = 'all' | 'people' | 'groups' | 'messages' | 'media' | 'files' | 'links' | 'voice';
const tabs = ['all', 'people', 'groups', 'messages', 'media', 'files', 'links', 'voice'] as const;
const pause_ms = 300;
const few = 5;

/** What a typed address leads to, whatever directories say. */
function addressIn(words: string): string | undefined {
  const link = words.match(/matrix\.to\/#\/([^?\s]+)/)?.[1] ?? words.match(/^matrix:([ur]|roomid)\/([^?\s]+)/)?.[0];
  if (link?.startsWith('matrix:u/')) return `@${link.slice('matrix:u/'.length)}`;
  if (link?.startsWith('matrix:r/')) return `#${link.slice('matrix:r/'.length)}`;
  if (link?.startsWith('matrix:roomid/')) return `!${link.slice('matrix:roomid/'.length)}`;
  const words2 = link ? decodeURIComponent(link) : words.trim();
  return /^[@#][^:\s]+:\S+$|^!\S{2,}$/.test(words2) ? words2 : undefined;
}

/** Everything that can be found by the words in the search field: over the chats while one searches. */
export function SearchPane(props: { query: string; onQuery: (words: string) => void; onClose: () => void }) {
  const { state, commands } = useClient();
  const [tab, setTab] = createSignal<Tab>('all');
  const [groups, setGroups] = createSignal<readonly PublicRoom[]>([]);
  const words = () => props.query.trim();
  const home = homeCountry(navigator.languages);
  const people = createPeopleSearch(words);
  const filters = createFilters();
  const wish = createMemo(() => ({
    words: words(),
    roomId: filters.roomId(),
    sender: filters.sender(),
    kind: kind(),
    ...filters.times(),
  }));
  const messages = createMessageSearch(wish);
  /** Chats and people are not from somebody, nor of a day. */
  const isFiltered = () => filters.sender() !== null || filters.roomId() !== null || filters.days() !== null;
  function kind(): MessageSearch['kind'] {
    const now = tab();
    return now === 'media' || now === 'files' || now === 'links' || now === 'voice' ? now : 'all';
  }
  createEffect(
    on(words, (term) => {
      setGroups([]);
      if (term.length < 2) return;
      const timer = setTimeout(() => {
        void commands.publicRooms(null, term, null).then(
          (page) => words() === term && setGroups(page.entries),
          () => undefined,
        );
      }, pause_ms);
      onCleanup(() => clearTimeout(timer));
    }),
  );
  const chats = createMemo(() => {
    const needle = words().toLocaleLowerCase();
    return state.roomOrder.filter((id) => {
      const room = state.rooms[id];
      const partner = room?.dmUserId ?? '';
      return `${room?.name} ${partner} ${state.own.contacts[partner] ?? ''} ${room?.group.alias}`
        .toLocaleLowerCase()
        .includes(needle);
    });
  });
  const others = () => people().filter((one) => !chats().some((id) => state.rooms[id]?.dmUserId === one.userId));
  const open = (roomId: RoomId) => {
    noteSearch(words());
    props.onClose();
    goTo(roomId);
  };
  const found = () => {
    noteSearch(words());
    props.onClose();
  };
  const openGroup = (room: PublicRoom) => {
    const isIn = state.rooms[room.roomId]?.membership === 'join';
    if (isIn && room.isSpace) browseSpace(room.roomId);
    else if (isIn) open(room.roomId);
    else setPreviewed({ id: room.alias || room.roomId, via: [] });
  };
  const openAddress = (address: string) => {
    if (address.startsWith('@')) openPerson(address);
    else setPreviewed({ id: address, via: [] });
  };
  const limited = <T,>(all: readonly T[]) => (tab() === 'all' ? all.slice(0, few) : all);
  const shows = (...which: Tab[]) => (tab() === 'all' && !isFiltered()) || which.includes(tab());
  const isNumber = createMemo(() => hasFeature('login.sms') && numberIn(words(), home) !== undefined);
  const nothing = () =>
    !isNumber() &&
    chats().length + others().length + groups().length + messages.found().length === 0 &&
    !messages.busy();
  const move = (event: KeyboardEvent & { currentTarget: HTMLElement }) => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const rows = [
      ...event.currentTarget.querySelectorAll<HTMLElement>('[data-testid^="found-"], [data-testid=address-row]'),
    ];
    const at = rows.indexOf(document.activeElement as HTMLElement) + (event.key === 'ArrowDown' ? 1 : -1);
    rows[(at + rows.length) % rows.length]?.focus();
    event.preventDefault();
  };
  return (
    <search class={s.pane} data-testid="search-pane" onKeyDown={move}>
      <Tabs
        tabs={tabs.map((id) => ({ id, label: t(`search-${id}`) }))}
        value={tab()}
        onChange={setTab}
        label={t('list-search')}
      />
      <Show when={!['people', 'groups'].includes(tab())}>
        <FilterChips of={filters} />
      </Show>
      <ScrollArea testid="search-results">
        <Show when={words() === '' && tab() === 'all' && !isFiltered()}>
          <Recent onOpen={open} onWords={props.onQuery} />
        </Show>
        <Show when={addressIn(words())}>
          {(address) => (
            <Section>
              <PageRow
                icon={address().startsWith('@') ? 'user' : 'at-sign'}
                text={address()}
                sub={t('search-address')}
                onClick={() => openAddress(address())}
                testid="address-row"
              />
            </Section>
          )}
        </Show>
        <Show when={shows('people') && isNumber()}>
          <Section>
            <NumberRow words={words()} onOpen={open} />
          </Section>
        </Show>
        <Show when={shows('people') && words() !== '' && chats().length > 0}>
          <Section caption={t('search-chats')}>
            <For each={limited(chats())}>{(id) => <ChatFound roomId={id} words={words()} onOpen={open} />}</For>
          </Section>
        </Show>
        <Show when={shows('people') && words().length > 1 && others().length > 0}>
          <Section caption={t('search-people')}>
            <For each={limited(others())}>
              {(one) => (
                <PageRow
                  lead={<Avatar id={one.userId} name={one.name} photo={one.avatar} size={42} />}
                  text={one.name}
                  sub={one.unknown ? t('new-not-found') : one.userId}
                  onClick={() => openPerson(one.userId)}
                  testid="found-person"
                />
              )}
            </For>
          </Section>
        </Show>
        <Show when={shows('groups') && groups().length > 0}>
          <Section caption={t('search-groups')}>
            <For each={limited(groups())}>
              {(room) => (
                <PageRow
                  lead={<Avatar id={room.roomId} name={room.name} photo={room.avatar} size={42} />}
                  text={room.name}
                  sub={[room.alias, t('chat-members', { count: room.members })].filter(Boolean).join(' · ')}
                  onClick={() => openGroup(room)}
                  testid="found-group"
                />
              )}
            </For>
          </Section>
        </Show>
        <Show
          when={
            !['people', 'groups'].includes(tab()) &&
            (messages.found().length > 0 || messages.failed() || messages.busy())
          }
        >
          <Section caption={t('search-messages')}>
            <For each={messages.found()}>{(one) => <MessageFound found={one} onOpen={found} />}</For>
            <Switch>
              <Match when={messages.failed()}>
                <Blank icon="circle-alert" title={t('search-failed')}>
                  <Button onClick={messages.again}>{t('error-retry')}</Button>
                </Blank>
              </Match>
              <Match when={messages.hasMore() || messages.busy()}>
                <div class={s.more}>
                  <Button
                    disabled={messages.busy()}
                    busy={messages.busy()}
                    onClick={messages.more}
                    data-testid="search-more"
                  >
                    {t('load-more')}
                  </Button>
                </div>
              </Match>
            </Switch>
          </Section>
        </Show>
        <Show when={words() !== '' && nothing() && !addressIn(words())}>
          <Blank icon="search" title={t('list-nothing-found')} />
        </Show>
      </ScrollArea>
    </search>
  );
}

function ChatFound(props: { roomId: RoomId; words: string; onOpen: (roomId: RoomId) => void }): JSX.Element {
  const { state } = useClient();
  const room = () => state.rooms[props.roomId];
  const partner = () => room()?.dmUserId;
  const name = () => {
    const userId = partner();
    return userId ? knownName(state, userId) : room()?.name || t('chat-empty-name');
  };
  return (
    <PageRow
      lead={
        <Avatar
          id={partner() ?? props.roomId}
          name={name()}
          photo={room()?.avatar}
          size={42}
          online={state.users[partner() ?? '']?.presence === 'online'}
        />
      }
      text={name()}
      sub={partner() ?? t('chat-members', { count: room()?.joinedCount ?? 0 })}
      onClick={() => props.onOpen(props.roomId)}
      testid="found-chat"
    />
  );
}

/** One message that was found: where, by whom, when, with the words marked. */
export function MessageFound(props: { found: Found; onOpen: () => void; marks?: boolean }): JSX.Element {
  const { state } = useClient();
  const room = () => state.rooms[props.found.roomId];
  const open = () => {
    goToEvent(props.found.roomId, props.found.eventId);
    // The search in a chat marks them by itself.
    if (props.marks !== false) markBriefly(props.found.marks);
    props.onOpen();
  };
  return (
    <button type="button" class={s.message} onClick={open} data-testid="found-message">
      <Avatar id={room()?.dmUserId ?? props.found.roomId} name={room()?.name ?? ''} photo={room()?.avatar} size={54} />
      <span class={s.words}>
        <span class={s.line}>
          <span class={s.title}>{room()?.name || t('chat-empty-name')}</span>
          <span class={s.when}>{listTime(props.found.ts, now())}</span>
        </span>
        <span class={s.text}>
          <span class={s.sender}>{`${props.found.senderName}: `}</span>
          <Marked text={props.found.body.kind === 'service' ? '' : props.found.body.text} words={props.found.marks} />
        </span>
      </span>
    </button>
  );
}
