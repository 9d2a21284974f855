import { createMemo, Match, Show, Switch } from 'solid-js';
import { t } from '../../i18n';
import { dateAndTime } from '../../i18n/dates';
import { useClient } from '../../store/context';
import type { RoomId } from '../../store/contract';
import { setMessageList } from '../../store/message-list';
import { setChatSearch } from '../../store/pages';
import { me, nameOf } from '../../store/people';
import { goTo } from '../../store/ui';
import { Avatar } from '../../ui/avatar';
import { Badge } from '../../ui/badge';
import { IconButton } from '../../ui/button';
import { Icon } from '../../ui/icon';
import s from './chat-header.module.css';

/** Name, picture and state of the open chat; a press opens its information. `menu` opens the chat's menu at its button. */
export function ChatHeader(props: { roomId: RoomId; menu: (at: Element) => void }) {
  const { state } = useClient();
  const room = () => state.rooms[props.roomId];
  const others = createMemo(() =>
    Object.values(state.rooms).reduce((sum, one) => sum + (one.muted ? 0 : one.unread.notifications), 0),
  );
  const title = () => {
    if (room()?.saved) return t('saved-title');
    return state.own.contacts[room()?.dmUserId ?? ''] || room()?.name || t('chat-empty-name');
  };
  return (
    <header class={s.header} data-testid="chat-header">
      <span class={s.back}>
        <IconButton icon="arrow-left" label={t('chat-back')} onClick={() => goTo(null)} data-testid="back" />
        <Show when={others() > 0}>
          <span class={s.backBadge}>
            <Badge count={others()} testid="back-badge" />
          </span>
        </Show>
      </span>
      <button type="button" class={s.peer} onClick={() => goTo(props.roomId, true)} data-testid="open-info">
        <span class={s.avatar}>
          <Avatar
            id={room()?.dmUserId ?? props.roomId}
            name={title()}
            photo={room()?.avatar}
            size={42}
            testid="header-avatar"
          />
        </span>
        <span class={s.words}>
          <span class={s.title} data-testid="chat-title">
            <span class={s.name}>{title()}</span>
            <Show when={room()?.encrypted}>
              <Icon name="lock" size={16} class={s.lock} />
            </Show>
          </span>
          <Status roomId={props.roomId} />
        </span>
      </button>
      <Show when={(room()?.unreadThreads ?? 0) > 0}>
        <span class={s.threads}>
          <IconButton
            icon="messages-square"
            label={t('threads-unread')}
            onClick={() => setMessageList({ kind: 'threads', roomId: props.roomId })}
            data-testid="unread-threads"
          />
          <i class={s.dot} aria-hidden="true" />
        </span>
      </Show>
      <Show when={room()?.membership === 'join'}>
        <IconButton
          icon="search"
          label={t('search-in-chat')}
          onClick={() => setChatSearch(true)}
          data-testid="open-search"
        />
      </Show>
      <IconButton
        icon="ellipsis-vertical"
        label={t('chat-menu')}
        onClick={(event) => props.menu(event.currentTarget)}
        data-testid="chat-menu"
      />
    </header>
  );
}

/** Who types, else who is there. */
function Status(props: { roomId: RoomId }) {
  const { state } = useClient();
  const room = () => state.rooms[props.roomId];
  const typing = () => state.typing[props.roomId] ?? [];
  const name = (at: number) => nameOf(state, props.roomId, typing()[at] ?? '');
  const typists = () => {
    if (room()?.kind === 'dm') return t('chat-typing');
    if (typing().length === 1) return t('chat-typing-one', { name: name(0) });
    if (typing().length === 2) return t('chat-typing-two', { first: name(0), second: name(1) });
    return t('chat-typing-many', { count: typing().length });
  };
  const presence = () => {
    const id = room()?.dmUserId ?? '';
    const user = state.users[id];
    const told = user?.presence === 'online' ? t('chat-online') : '';
    const seen = user?.lastActiveTs ? t('chat-last-seen', { when: dateAndTime(user.lastActiveTs) }) : '';
    // Who is of another server is known by the whole address.
    const isElsewhere = id.slice(id.indexOf(':')) !== me(state).slice(me(state).indexOf(':'));
    const words = told || seen;
    return words === '' ? id : isElsewhere ? `${words} · ${id}` : words;
  };
  const members = () => {
    const count = room()?.joinedCount ?? 0;
    const known = Object.keys(state.members[props.roomId] ?? {});
    const online = known.filter((id) => state.users[id]?.presence === 'online').length;
    const words = t('chat-members', { count });
    return online > 1 ? t('chat-members-online', { members: words, count: online }) : words;
  };
  const online = () => state.users[room()?.dmUserId ?? '']?.presence === 'online';
  return (
    <span class={s.status} data-active={typing().length > 0 || online()} data-testid="chat-status" aria-live="polite">
      <Switch fallback={room()?.dmUserId ? presence() : members()}>
        <Match when={state.connection.status !== 'live' && state.connection.status !== 'updating'}>
          {t(state.connection.status === 'offline' ? 'list-waiting' : 'list-connecting')}
        </Match>
        <Match when={typing().length > 0}>
          <span data-testid="typing">{typists()}</span>
          <span class={s.dots} aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
        </Match>
      </Switch>
    </span>
  );
}
