import { createEffect, createMemo, createSignal, on, onCleanup, Show, Suspense, untrack } from 'solid-js';
import { Dynamic } from 'solid-js/web';
import { GroupBar } from '../features/bars/group-bar';
import { ChatList } from '../features/chat-list/chat-list';
import { Composer } from '../features/composer/composer';
import { ChatHeader } from '../features/timeline/chat-header';
import { Timeline } from '../features/timeline/timeline';
import { t } from '../i18n';
import { closePlayer, track } from '../store/audio';
import { useClient } from '../store/context';
import type { RoomId } from '../store/contract';
import { wearAccent } from '../store/look';
import { createMediaUrl, startAudio, startMedia } from '../store/media';
import { isPicking, stopPicking } from '../store/messages-ui';
import { chatSearch, folded, leftPages, setChatSearch, setFeatures, viewedAs } from '../store/pages';
import { me } from '../store/people';
import { forgetScheduled, loadScheduled } from '../store/scheduled';
import { goTo, route, threadNow } from '../store/ui';
import { photosFrom } from '../ui/avatar';
import { afterPaint } from '../ui/motion';
import { fetchAhead, later, part } from '../ui/parts';
import s from './columns.module.css';
import { Guarded } from './errors';
import { startHotkeys } from './hotkeys';
import { Overlays } from './overlays';
import { Resizer } from './resizer';
import { Wallpaper } from './wallpaper';
import { folded_px, left, narrow } from './width';

const slide_ms = 300;

const mainMenu = later(() => import('./main-menu'));
const roomMenu = later(() => import('../features/chat-list/room-menu'));
const LeftPages = part(async () => (await import('./left-pages')).LeftPages);
const ChatSearch = part(async () => (await import('../features/search/chat-search')).ChatSearch);
const ViewingAs = part(async () => (await import('../features/group/viewing-as')).ViewingAs);
const PinBar = part(async () => (await import('../features/timeline/pin-bar')).PinBar);
const PlayerBar = part(async () => (await import('../features/player/player-bar')).PlayerBar);
const JoinBar = part(async () => (await import('../features/bars/join-bar')).JoinBar);
const Thread = part(async () => (await import('./thread')).Thread);
const SelectBar = part(async () => (await import('../features/timeline/select-bar')).SelectBar);
const InfoPanel = part(async () => (await import('../features/group/info-panel')).InfoPanel);

/** The list has been drawn: now comes what may be asked for next. */
function goOn() {
  performance.mark('usable');
  void fetchAhead();
}

/** The columns of somebody who is signed in: chats, the open chat, its information. */
export function Columns() {
  const client = useClient();
  startHotkeys(client);
  void client.commands.features().then(
    (names) => {
      setFeatures(new Set(names));
      void loadScheduled(client.commands).catch(() => undefined);
    },
    () => undefined,
  );
  startMedia(client);
  startAudio(client);
  photosFrom((photo, px) => createMediaUrl(photo, () => (px > 60 ? { w: 320, h: 240 } : { w: 96, h: 96 })));
  onCleanup(closePlayer);
  onCleanup(forgetScheduled);
  createEffect(
    on(
      () => client.state.listReady,
      (ready) => ready && afterPaint(goOn),
    ),
  );
  createEffect(() => client.state.listReady && wearAccent(client.state.own.settings.accent));
  const shown = createLingering(() => route().roomId);
  const info = createMemo(() => (route().info ? route().roomId : null));
  return (
    <div
      class={s.columns}
      data-chat={route().roomId !== null}
      data-info={info() !== null}
      data-testid="shell"
      style={{ '--left': `${folded() ? folded_px : left()}px` }}
    >
      <nav
        class={s.left}
        aria-label={t('list-label')}
        // On a phone the list is the page, until a chat lies over it.
        role={narrow() && route().roomId === null ? 'main' : undefined}
        data-testid="left-column"
        inert={narrow() && route().roomId !== null}
      >
        <h1 class="visually-hidden">{t('app-name')}</h1>
        <Guarded>
          <ChatList mainMenu={(at) => void mainMenu().then((it) => it.openMainMenu(client, at))} />
        </Guarded>
        <Show when={leftPages().length > 0}>
          <Guarded>
            <Suspense>
              <LeftPages />
            </Suspense>
          </Guarded>
        </Show>
        <Resizer />
      </nav>
      <main
        class={s.middle}
        data-testid="middle-column"
        inert={narrow() && (route().roomId === null || info() !== null)}
      >
        <Wallpaper />
        <Show
          when={shown()}
          keyed
          fallback={
            <div class={s.choose}>
              <span class={s.pill}>{t('chat-choose')}</span>
            </div>
          }
        >
          {(roomId) => <Chat roomId={roomId} />}
        </Show>
      </main>
      <Show when={info()} keyed>
        {(roomId) => (
          <div class={s.right} data-testid="right-column">
            <button type="button" class={s.veil} aria-label={t('info-close')} onClick={() => goTo(roomId)} />
            <div class={s.sheet}>
              <Guarded>
                <InfoPanel roomId={roomId} />
              </Guarded>
            </div>
          </div>
        )}
      </Show>
      <Overlays />
    </div>
  );
}

/** The open chat, which stays a moment longer while its pane slides away. */
function createLingering(roomId: () => RoomId | null) {
  const [shown, setShown] = createSignal(roomId());
  createEffect(
    on(roomId, (now) => {
      const timer = setTimeout(() => setShown(now), now === null && narrow() ? slide_ms : 0);
      if (now !== null) setShown(now);
      onCleanup(() => clearTimeout(timer));
    }),
  );
  return shown;
}

function Chat(props: { roomId: RoomId }) {
  const client = useClient();
  const { state, commands } = client;
  // Asked for at once: the messages are looked up while the rest of the chat is built.
  const roomId = untrack(() => props.roomId);
  void commands.openRoom(roomId).catch(() => undefined);
  onCleanup(() => {
    stopPicking();
    setChatSearch(false);
    void commands.closeRoom(roomId).catch(() => undefined);
  });
  const thread = () => threadNow(props.roomId);
  /** Made on another server: its members may still be on their way. */
  const isElsewhere = createMemo(() => {
    const room = state.rooms[props.roomId];
    const server = (id: string | undefined) => id?.slice(id.indexOf(':'));
    return room?.membership === 'join' && server(room.group.creators[0] ?? me(state)) !== server(me(state));
  });
  const menu = (at: Element) => {
    const room = state.rooms[props.roomId];
    if (room) void roomMenu().then((it) => it.openRoomMenu(client, room, at));
  };
  return (
    <>
      <section class={s.chat} data-testid="chat" data-room={props.roomId} inert={thread() !== undefined}>
        <Dynamic component={narrow() ? 'h1' : 'h2'} class="visually-hidden">
          {state.rooms[props.roomId]?.name || t('chat-empty-name')}
        </Dynamic>
        <ChatHeader roomId={props.roomId} menu={menu} />
        <Show when={chatSearch()}>
          <Suspense>
            <ChatSearch roomId={props.roomId} />
          </Suspense>
        </Show>
        <Show when={track()}>
          <Suspense>
            <PlayerBar />
          </Suspense>
        </Show>
        <Show when={viewedAs()?.roomId === props.roomId}>
          <Suspense>
            <ViewingAs roomId={props.roomId} />
          </Suspense>
        </Show>
        <GroupBar roomId={props.roomId} />
        <Show when={isElsewhere()}>
          <Suspense>
            <JoinBar roomId={props.roomId} />
          </Suspense>
        </Show>
        <Show when={(state.rooms[props.roomId]?.pins.length ?? 0) > 0}>
          <Suspense>
            <PinBar roomId={props.roomId} />
          </Suspense>
        </Show>
        <Guarded>
          <Timeline roomId={props.roomId} />
        </Guarded>
        <Show when={!thread()}>
          <Show when={isPicking()} fallback={<Composer roomId={props.roomId} />}>
            <Suspense>
              <SelectBar roomId={props.roomId} />
            </Suspense>
          </Show>
        </Show>
      </section>
      <Show when={thread()} keyed>
        {(root) => (
          <Guarded>
            <Suspense>
              <Thread roomId={props.roomId} root={root} />
            </Suspense>
          </Guarded>
        )}
      </Show>
    </>
  );
}
