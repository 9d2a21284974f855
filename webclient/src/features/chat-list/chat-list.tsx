import { createEffect, createMemo, createSignal, For, Match, onCleanup, Show, Suspense, Switch } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { setAttaching } from '../../store/messages-ui';
import { browseSpace, folded, openLeft, openNewGroup } from '../../store/pages';
import { goTo, route } from '../../store/ui';
import { Badge } from '../../ui/badge';
import { Blank } from '../../ui/blank';
import { Button } from '../../ui/button';
import { Icon } from '../../ui/icon';
import { openMenu } from '../../ui/menu';
import { later, part } from '../../ui/parts';
import { reorder } from '../../ui/reorder';
import { ScrollArea } from '../../ui/scroll-area';
import { watchSideways } from '../../ui/sideways';
import { Tabs } from '../../ui/tabs';
import { toast } from '../../ui/toast';
import { VirtualList } from '../../ui/virtual-list';
import s from './chat-list.module.css';
import { belongingTo, type FolderId, isArchived, isUnread, moveTab, ownTabs } from './folders';
import { Invites } from './invites';
import { ListHeader } from './list-header';
import type { NewChatKind } from './new-chat';
import { Row } from './row';
import { SpaceRow } from './space-row';

const roomMenu = later(() => import('./room-menu'));
const NewChat = part(async () => (await import('./new-chat')).NewChat);
const SearchPane = part(async () => (await import('../search/search-pane')).SearchPane);
const scroll_key = 'hearth.list-scroll';
const folder_key = 'hearth.folder';

/** The left column: search, folders, invitations and all chats. `mainMenu` opens the main menu at its button. */
export function ChatList(props: { mainMenu: (at: Element) => void }) {
  const client = useClient();
  const { state } = client;
  const [query, setQuery] = createSignal('');
  const [searching, setSearching] = createSignal(false);
  const [folder, setFolder] = createSignal((sessionStorage.getItem(folder_key) ?? 'all') as FolderId);
  const [dialog, setDialog] = createSignal<{ kind: NewChatKind; address: string }>();
  const [viewport, setViewport] = createSignal<HTMLDivElement>();

  const rooms = createMemo(() => state.roomOrder.flatMap((id) => state.rooms[id] ?? []));
  const ids = createMemo(() =>
    rooms()
      .filter(belongingTo(state, folder()))
      .map((room) => room.id),
  );
  const archived = createMemo(() => rooms().filter((room) => isArchived(state, room.id)));
  // All chats are looked at once for a change, and not for each folder.
  const unread = createMemo(() => rooms().filter((room) => isUnread(room) && !room.muted));
  const unreadIn = (one: FolderId) => unread().filter(belongingTo(state, one)).length;
  const tabs = createMemo(() => [
    ...(['all', 'unread', 'private', 'groups'] as const).map((id) => ({
      id: id as FolderId,
      label: t(`folder-${id}`),
      count: id === 'unread' ? 0 : unreadIn(id),
    })),
    ...ownTabs(state).map(({ id, label }) => ({ id, label, count: unreadIn(id), movable: true })),
  ]);
  createEffect(() => {
    const now = folder();
    // Before the list is here, nothing is known of spaces.
    const isGone = state.listReady && !tabs().some((tab) => tab.id === now);
    if (isGone) setFolder('all');
  });
  createEffect(() => sessionStorage.setItem(folder_key, folder()));
  createEffect(() => keepScroll(viewport(), ids().length > 0));
  const scrolling = createScrollingDown(viewport);
  const tell = (why: unknown) => toast(errorText(errorInfo(why)));
  const moved = (id: FolderId, to: number) => {
    const tab = ownTabs(state).find((one) => one.id === id);
    if (tab) void moveTab(state, client.commands, tab.key, to).catch(tell);
  };
  // A space is no chat: whatever leads to one shows its rooms.
  createEffect(() => {
    const room = state.rooms[route().roomId ?? ''];
    if (room?.kind !== 'space' || room.membership !== 'join') return;
    goTo(null);
    browseSpace(room.id);
  });
  const close = () => {
    setQuery('');
    setSearching(false);
  };
  /** A pinned chat was carried to the place of another: those that are not in this folder keep theirs. */
  const pinMoved = (id: string, to: number) => {
    const shown = ids().filter((one) => state.rooms[one]?.pinned);
    const next = shown.filter((one) => one !== id);
    next.splice(to, 0, id);
    const order = state.roomOrder
      .filter((one) => state.rooms[one]?.pinned)
      .map((one) => (shown.includes(one) ? (next.shift() ?? one) : one));
    void client.commands.orderPinned(order).catch(tell);
  };
  const watchList = (box: HTMLElement) => {
    watchSideways(box, tabs, folder, setFolder);
    // A finger that rests on a chat opens its menu.
    reorder(box, 'y', pinMoved, false);
  };
  /** Files that are dropped onto a chat are sent there; the dialog shows them first. */
  const drop = (event: DragEvent) => {
    const roomId = droppedOn(event);
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!roomId || files.length === 0 || state.rooms[roomId]?.my.sendMessages === false) return;
    goTo(roomId);
    setAttaching({ roomId, files, asFiles: false });
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
        { id: 'new-group', label: t('list-new-group'), icon: 'users', select: () => openNewGroup('private') },
        { id: 'new-public', label: t('list-new-public'), icon: 'globe', select: () => openNewGroup('public') },
        { id: 'explore', label: t('menu-explore'), icon: 'compass', select: () => openLeft('explore') },
        { id: 'join', label: t('list-join'), icon: 'at-sign', select: () => setDialog({ kind: 'join', address: '' }) },
      ],
      { placement: 'top-end' },
    );
  return (
    <div class={s.column} data-folded={folded()}>
      <ListHeader
        query={query()}
        searching={searching()}
        onQuery={setQuery}
        onSearch={setSearching}
        mainMenu={props.mainMenu}
      />
      <Show when={searching()}>
        <Suspense>
          <SearchPane query={query()} onQuery={setQuery} onClose={close} />
        </Suspense>
      </Show>
      <div class={s.chats} data-folders data-hidden={searching()} inert={searching()}>
        <Tabs tabs={tabs()} value={folder()} onChange={setFolder} onMove={moved} label={t('list-label')} />
        <ScrollArea testid="chat-list" viewport={setViewport}>
          {/* biome-ignore lint/a11y/noStaticElementInteractions: files are dropped onto the buttons in it */}
          <div class={s.list} ref={watchList} onDragOver={(event) => droppedOn(event)} onDrop={drop}>
            <Invites />
            <Show when={folder().startsWith('space-') && state.rooms[folder().slice('space-'.length)]}>
              {(space) => <SpaceRow space={space()} />}
            </Show>
            <Show when={folder() === 'all' && archived().length > 0}>
              <button type="button" class={s.archive} onClick={() => openLeft('archive')} data-testid="archive-row">
                <span class={s.box}>
                  <Icon name="archive" />
                </span>
                <span class={s.archiveWords}>
                  <span class={s.archiveTitle}>{t('list-archived')}</span>
                  <span class={s.archiveNames}>
                    {archived()
                      .map((room) => room.name || t('chat-empty-name'))
                      .join(', ')}
                  </span>
                </span>
                <Show when={archived().filter(isUnread).length}>{(count) => <Badge count={count()} muted />}</Show>
              </button>
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
                    row={(id) => (
                      <Row
                        roomId={id}
                        menu={(room, at) => void roomMenu().then((it) => it.openRoomMenu(client, room, at))}
                      />
                    )}
                  />
                )}
              </Match>
              <Match when={rooms().length === 0 && state.invites.length === 0}>
                <Blank icon="message-circle" title={t('list-empty-title')} hint={t('list-empty-hint')}>
                  <Button onClick={() => setDialog({ kind: 'private', address: '' })}>{t('list-new-private')}</Button>
                  <Button onClick={() => openLeft('explore')}>{t('menu-explore')}</Button>
                </Blank>
              </Match>
              <Match when={rooms().length > 0}>
                <Blank icon="folder" title={t('folder-empty')} />
              </Match>
            </Switch>
          </div>
        </ScrollArea>
        <button
          type="button"
          class={s.fab}
          aria-label={t('list-new-chat')}
          data-away={scrolling()}
          data-testid="new-chat"
          onClick={start}
        >
          <Icon name="pencil" />
        </button>
      </div>
      <Show when={dialog()} keyed>
        {(open) => (
          <Suspense>
            <NewChat kind={open.kind} address={open.address} onClose={() => setDialog(undefined)} />
          </Suspense>
        )}
      </Show>
    </div>
  );
}

/** The chat under files that are being dragged. */
function droppedOn(event: DragEvent): RoomId | undefined {
  if (!event.dataTransfer?.types.includes('Files')) return undefined;
  const row = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-room]') : null;
  if (row) event.preventDefault();
  return row?.dataset.room;
}

/** Whether a finger moves the list on to what is further down: then nothing shall lie over it. */
function createScrollingDown(viewport: () => HTMLDivElement | undefined) {
  const [down, setDown] = createSignal(false);
  createEffect(() => {
    const box = viewport();
    if (!box || !matchMedia('(pointer: coarse)').matches) return;
    let before = box.scrollTop;
    const look = () => {
      if (box.scrollTop !== before) setDown(box.scrollTop > before && box.scrollTop > 0);
      before = box.scrollTop;
    };
    box.addEventListener('scroll', look, { passive: true });
    onCleanup(() => box.removeEventListener('scroll', look));
  });
  return down;
}

/** Puts the list back to where it was before a reload, and remembers where it is. */
function keepScroll(box: HTMLDivElement | undefined, filled: boolean): void {
  if (!box || !filled) return;
  const before = Number(sessionStorage.getItem(scroll_key) ?? 0);
  if (before > 0 && box.scrollTop === 0) requestAnimationFrame(() => box.scrollTo({ top: before }));
  const note = () => sessionStorage.setItem(scroll_key, String(Math.round(box.scrollTop)));
  box.addEventListener('scrollend', note);
  onCleanup(() => box.removeEventListener('scrollend', note));
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
