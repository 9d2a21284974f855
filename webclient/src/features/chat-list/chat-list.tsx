import { createMemo, createSignal, For, Match, Show, Switch } from 'solid-js';
import { t } from '../../i18n';
import { useClient } from '../../store/context';
import type { Room } from '../../store/contract';
import { Blank } from '../../ui/blank';
import { Button } from '../../ui/button';
import { Icon } from '../../ui/icon';
import { openMenu } from '../../ui/menu';
import { ScrollArea } from '../../ui/scroll-area';
import { Tabs } from '../../ui/tabs';
import { VirtualList } from '../../ui/virtual-list';
import s from './chat-list.module.css';
import { Invites } from './invites';
import { ListHeader } from './list-header';
import { NewChat, type NewChatKind } from './new-chat';
import { openRoomMenu } from './room-menu';
import { Row } from './row';

type Folder = 'all' | 'unread' | 'private' | 'groups';

const isUnread = (room: Room) => room.unread.notifications > 0 || room.unread.marked;

const belongs: Record<Folder, (room: Room) => boolean> = {
  all: () => true,
  unread: isUnread,
  private: (room) => room.kind === 'dm',
  groups: (room) => room.kind === 'group',
};

/** The left column: search, folders, invitations and all chats. `mainMenu` opens the main menu at its button. */
export function ChatList(props: { mainMenu: (at: Element) => void }) {
  const client = useClient();
  const { state } = client;
  const [query, setQuery] = createSignal('');
  const [folder, setFolder] = createSignal<Folder>('all');
  const [dialog, setDialog] = createSignal<{ kind: NewChatKind; address: string }>();
  const [viewport, setViewport] = createSignal<HTMLDivElement>();

  const rooms = createMemo(() => state.roomOrder.flatMap((id) => state.rooms[id] ?? []));
  const ids = createMemo(() => {
    const words = query().trim().toLocaleLowerCase();
    const inFolder = belongs[folder()];
    return rooms()
      .filter((room) =>
        words ? `${room.name} ${room.dmUserId ?? ''}`.toLocaleLowerCase().includes(words) : inFolder(room),
      )
      .map((room) => room.id);
  });
  const unreadIn = (one: Folder) =>
    rooms().filter((room) => isUnread(room) && !room.muted && belongs[one](room)).length;
  const tabs = () =>
    (['all', 'unread', 'private', 'groups'] as const).map((id) => ({
      id,
      label: t(`folder-${id}`),
      count: id === 'unread' ? 0 : unreadIn(id),
    }));
  const address = () => {
    const words = query().trim();
    if (/^@[^:\s]+:\S+$/.test(words)) return { kind: 'private' as const, address: words };
    return /^[#!][^:\s]+(:\S+)?$/.test(words) ? { kind: 'join' as const, address: words } : undefined;
  };
  const start = (event: MouseEvent & { currentTarget: Element }) =>
    openMenu(
      event.currentTarget,
      [
        {
          id: 'new-private',
          label: t('list-new-private'),
          icon: 'user',
          select: () => setDialog({ kind: 'private', address: '' }),
        },
        {
          id: 'new-group',
          label: t('list-new-group'),
          icon: 'users',
          select: () => setDialog({ kind: 'group', address: '' }),
        },
        { id: 'join', label: t('list-join'), icon: 'at-sign', select: () => setDialog({ kind: 'join', address: '' }) },
      ],
      { placement: 'top-end' },
    );
  return (
    <div class={s.column}>
      <ListHeader query={query()} onQuery={setQuery} mainMenu={props.mainMenu} />
      <Show when={!query().trim()}>
        <Tabs tabs={tabs()} value={folder()} onChange={setFolder} label={t('list-label')} />
      </Show>
      <ScrollArea testid="chat-list" viewport={setViewport}>
        <div class={s.list}>
          <Show when={address()} keyed>
            {(found) => (
              <button type="button" class={s.address} data-testid="address-row" onClick={() => setDialog(found)}>
                <Icon name={found.kind === 'private' ? 'user-plus' : 'at-sign'} />
                {found.address}
              </button>
            )}
          </Show>
          <Show when={!query().trim()}>
            <Invites />
          </Show>
          <Switch>
            <Match when={!state.listReady}>
              <SkeletonRows />
            </Match>
            <Match when={ids().length > 0 && viewport()}>
              {(box) => (
                <VirtualList
                  ids={ids()}
                  rowHeight={72}
                  label={t('list-label')}
                  viewport={box()}
                  row={(id) => <Row roomId={id} menu={(room, at) => openRoomMenu(client, room, at)} />}
                />
              )}
            </Match>
            <Match when={query().trim() && !address()}>
              <Blank icon="search" title={t('list-nothing-found')} />
            </Match>
            <Match when={rooms().length === 0 && state.invites.length === 0 && !query().trim()}>
              <Blank icon="message-circle" title={t('list-empty-title')} hint={t('list-empty-hint')}>
                <Button onClick={() => setDialog({ kind: 'private', address: '' })}>{t('list-new-private')}</Button>
              </Blank>
            </Match>
          </Switch>
        </div>
      </ScrollArea>
      <button type="button" class={s.fab} aria-label={t('list-new-chat')} data-testid="new-chat" onClick={start}>
        <Icon name="pencil" />
      </button>
      <Show when={dialog()} keyed>
        {(open) => (
          <NewChat
            kind={open.kind}
            address={open.address}
            onClose={() => {
              setDialog(undefined);
              setQuery('');
            }}
          />
        )}
      </Show>
    </div>
  );
}

function SkeletonRows() {
  return (
    <div aria-hidden="true" data-testid="list-skeleton">
      <For each={Array.from({ length: 8 })}>
        {() => (
          <div class={s.ghost}>
            <i class={s.ghostAvatar} />
            <span class={s.ghostWords}>
              <i />
              <i />
            </span>
          </div>
        )}
      </For>
    </div>
  );
}
