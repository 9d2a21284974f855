import { Switch as Cases, createEffect, createResource, createSignal, Match, on, Show } from 'solid-js';
import { language, t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { MediaKind, RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { openPerson } from '../../store/messages-ui';
import { closeAllRight, openRight, viewedAs } from '../../store/pages';
import { goTo } from '../../store/ui';
import { Avatar } from '../../ui/avatar';
import { Badge } from '../../ui/badge';
import { IconButton } from '../../ui/button';
import { keepFocus } from '../../ui/focus';
import { Icon, type IconName } from '../../ui/icon';
import { openMenu } from '../../ui/menu';
import { ScrollArea } from '../../ui/scroll-area';
import { watchSideways } from '../../ui/sideways';
import { Switch } from '../../ui/switch';
import { Tabs } from '../../ui/tabs';
import { toast } from '../../ui/toast';
import s from './info-panel.module.css';
import { InviteDialog } from './invite-dialog';
import { askToLeave } from './leave';
import { Members } from './members';
import { RightPages } from './right-pages';
import { Shared } from './shared';
import { ViewingBar } from './viewing-as';

type Tab = 'members' | MediaKind;
const kinds: readonly MediaKind[] = ['media', 'files', 'links', 'music', 'voice'];

/** The right column: who and what this chat is, its members, what was shared in it, and the way out. */
export function InfoPanel(props: { roomId: RoomId }) {
  const client = useClient();
  const { state, commands } = client;
  let panel!: HTMLElement;
  keepFocus(() => panel);
  const [inviting, setInviting] = createSignal(false);
  const [viewport, setViewport] = createSignal<HTMLDivElement>();
  const room = () => state.rooms[props.roomId];
  const isGroup = () => room()?.kind !== 'dm';
  const name = () => room()?.name || t('chat-empty-name');
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
  const [tab, setTab] = createSignal<Tab>(isGroup() ? 'members' : 'media');
  createEffect(() => {
    if (!state.membersComplete[props.roomId]) void commands.loadMembers(props.roomId).catch(tell);
  });
  createEffect(on(() => props.roomId, closeAllRight));
  const leave = () => {
    const now = room();
    if (now) askToLeave(client, now);
  };
  const notify = () => room()?.group.notify ?? 'all';
  const mute = (at: Element) => {
    const set = (level: 'all' | 'mentions' | 'none') => () => void commands.setNotify(props.roomId, level).catch(tell);
    openMenu(at, [
      { id: 'notify-all', label: t('notify-all'), icon: 'bell', select: set('all') },
      { id: 'notify-mentions', label: t('notify-mentions'), icon: 'at-sign', select: set('mentions') },
      { id: 'notify-none', label: t('notify-none'), icon: 'bell-off', select: set('none') },
    ]);
  };
  const address = () => room()?.dmUserId ?? (room()?.group.alias || props.roomId);
  const copy = () => void navigator.clipboard.writeText(address()).then(() => toast(t('message-copied')), tell);
  const requests = () => (room()?.my.invite ? (room()?.group.requests ?? []) : []);
  // What cannot be counted now has no number; its tab says why.
  const [shared] = createResource(
    () => (room()?.membership === 'join' ? props.roomId : null),
    (roomId) => commands.sharedCounts(roomId).catch(() => undefined),
  );
  const countOf = (kind: MediaKind) => {
    const found = shared.latest;
    if (!found?.counts[kind]) return '';
    return ` ${new Intl.NumberFormat(language()).format(found.counts[kind])}${found.all[kind] ? '' : '+'}`;
  };
  const tabs = () =>
    (isGroup() ? (['members', ...kinds] as const) : kinds).map((id: Tab) => ({
      id,
      label: id === 'members' ? t('info-members') : t(`shared-${id}`) + countOf(id),
    }));
  return (
    <aside
      ref={panel}
      class={s.panel}
      aria-label={t(isGroup() ? 'info-title' : 'info-title-person')}
      data-testid="info-panel"
    >
      <header class={s.header}>
        <IconButton icon="x" label={t('info-close')} onClick={() => goTo(props.roomId)} data-testid="info-close" />
        <h2 class={s.heading}>{t(isGroup() ? 'info-title' : 'info-title-person')}</h2>
        <Show when={isGroup() && room()?.membership === 'join' && !room()?.saved}>
          <IconButton icon="pencil" label={t('info-edit')} onClick={() => openRight('edit')} data-testid="info-edit" />
        </Show>
      </header>
      <Show when={viewedAs()?.roomId === props.roomId}>
        <ViewingBar roomId={props.roomId} inPanel testid="info-viewing-as" />
      </Show>
      <ScrollArea viewport={setViewport} testid="info-scroll">
        <section class={s.profile}>
          <Avatar
            id={room()?.dmUserId ?? props.roomId}
            name={name()}
            photo={room()?.avatar}
            size={120}
            testid="info-avatar"
          />
          <p class={s.name} data-testid="info-name">
            {name()}
          </p>
          <p class={s.sub}>{isGroup() ? t('chat-members', { count: room()?.joinedCount ?? 0 }) : room()?.dmUserId}</p>
        </section>
        <section class={s.section}>
          <Show when={room()?.topic}>
            {(topic) => <Fact icon="info" text={topic()} sub={t('info-topic')} testid="info-topic" />}
          </Show>
          <Fact
            icon="at-sign"
            text={address()}
            sub={t(isGroup() && !room()?.group.alias ? 'info-id' : 'info-address')}
            onClick={copy}
          />
          <Show when={room()?.dmUserId}>
            {(userId) => (
              <Fact icon="user" text={t('person-open')} onClick={() => openPerson(userId())} testid="info-person" />
            )}
          </Show>
          <Show when={room()?.encrypted}>
            <Fact icon="lock" text={t('info-encrypted')} />
          </Show>
          <button
            type="button"
            role="switch"
            aria-checked={notify() !== 'none'}
            class={s.row}
            data-testid="info-notifications"
            onClick={(event) => mute(event.currentTarget)}
          >
            <Icon name={notify() === 'none' ? 'bell-off' : 'bell'} />
            <span class={s.words}>
              <span class={s.text}>{t('info-notifications')}</span>
              <span class={s.sub}>{t(`notify-${notify()}`)}</span>
            </span>
            <Switch on={notify() !== 'none'} />
          </button>
          <Show when={isGroup() && room()?.membership === 'join' && !room()?.saved}>
            <Fact icon="sticker" text={t('stickers-title')} onClick={() => openRight('packs')} testid="info-packs" />
          </Show>
          <Show when={room()?.membership === 'join'}>
            <Fact
              icon="image"
              text={t('wallpaper-chat')}
              onClick={() => openRight('wallpaper')}
              testid="info-wallpaper"
            />
          </Show>
          <Show when={requests().length > 0}>
            <button type="button" class={s.row} onClick={() => openRight('requests')} data-testid="info-requests">
              <Icon name="user-plus" />
              <span class={s.words}>{t('group-requests')}</span>
              <Badge count={requests().length} />
            </button>
          </Show>
        </section>
        <div class={s.tabs}>
          <Tabs tabs={tabs()} value={tab()} onChange={setTab} label={t('info-shared')} />
        </div>
        <div ref={(box) => watchSideways(box, tabs, tab, setTab)} data-testid="info-shown">
          <Cases>
            <Match when={tab() === 'members' && isGroup() && viewport()}>
              {(box) => <Members roomId={props.roomId} viewport={box()} invite={() => setInviting(true)} />}
            </Match>
            <Match when={kinds.find((kind) => kind === tab())} keyed>
              {(kind) => (
                <section class={s.section}>
                  <Shared roomId={props.roomId} kind={kind} />
                </section>
              )}
            </Match>
          </Cases>
        </div>
        <section class={s.section}>
          <button type="button" class={s.row} data-danger="true" onClick={leave} data-testid="info-leave">
            <Icon name="log-out" />
            {t(isGroup() ? 'info-leave' : 'row-leave')}
          </button>
        </section>
      </ScrollArea>
      <RightPages roomId={props.roomId} />
      <Show when={inviting()}>
        <InviteDialog roomId={props.roomId} onClose={() => setInviting(false)} />
      </Show>
    </aside>
  );
}

function Fact(props: { icon: IconName; text: string; sub?: string; onClick?: () => void; testid?: string }) {
  return (
    <button
      type="button"
      class={s.row}
      disabled={!props.onClick}
      onClick={() => props.onClick?.()}
      data-testid={props.testid}
    >
      <Icon name={props.icon} />
      <span class={s.words}>
        <span class={s.text}>{props.text}</span>
        <Show when={props.sub}>{(sub) => <span class={s.sub}>{sub()}</span>}</Show>
      </span>
    </button>
  );
}
