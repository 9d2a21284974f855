import { createEffect, createMemo, Match, Show, Switch } from 'solid-js';
import { t } from '../../i18n';
import { listTime } from '../../i18n/dates';
import { previewText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { Room, RoomId } from '../../store/contract';
import { createMediaUrl } from '../../store/media';
import { followed, setMentionWanted } from '../../store/messages-ui';
import { folded } from '../../store/pages';
import { me, nameOf } from '../../store/people';
import { goTo, openInTab, route } from '../../store/ui';
import { Avatar } from '../../ui/avatar';
import { Badge } from '../../ui/badge';
import { now } from '../../ui/clock';
import { Icon } from '../../ui/icon';
import { longPress } from '../../ui/long-press';
import { ripple } from '../../ui/ripple';
import { Ticks } from '../../ui/ticks';
import s from './row.module.css';
import { isSeen, noteSeen } from './seen-reactions';

type RowProps = { roomId: RoomId; menu: (room: Room, at: { x: number; y: number }) => void };

/** One chat: picture, name, what was said last, when, and what is unread. 72 px high. */
export function Row(props: RowProps) {
  const { state } = useClient();
  return <Show when={state.rooms[props.roomId]}>{(room) => <Chat room={room()} menu={props.menu} />}</Show>;
}

function Chat(props: { room: Room; menu: RowProps['menu'] }) {
  const { state } = useClient();
  const active = () => route().roomId === props.room.id;
  const name = () => {
    if (props.room.saved) return t('saved-title');
    const partner = props.room.dmUserId;
    return (partner && state.own.contacts[partner]) || props.room.name || t('chat-empty-name');
  };
  const online = () => state.users[props.room.dmUserId ?? '']?.presence === 'online';
  // Whoever looks at the chat has seen who liked what.
  createEffect(() => {
    const preview = props.room.preview;
    if (active() && preview?.body.kind === 'reaction') noteSeen(props.room.id, preview.key);
  });
  const isLiked = () => props.room.preview?.body.kind === 'reaction' && !isSeen(props.room.id, props.room.preview.key);
  const mention = () => props.room.unread.highlights > 0;
  const count = () => {
    const { notifications, marked } = props.room.unread;
    // Who reads along needs no number for the moment until the server knows.
    if (notifications > 0 && !(followed() === props.room.id && document.hasFocus())) return notifications;
    return marked ? 0 : undefined;
  };
  const ticks = {
    sending: 'message-sending',
    sent: 'message-sent',
    read: 'message-read',
    failed: 'message-failed',
  } as const;
  return (
    <button
      type="button"
      class={s.row}
      classList={{ [s.active ?? '']: active() }}
      data-testid="chat-row"
      data-room={props.room.id}
      data-drag={props.room.pinned ? props.room.id : undefined}
      aria-current={active() ? 'page' : undefined}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey) return openInTab(props.room.id);
        if (event.target.closest('[data-testid=mention-badge]')) setMentionWanted(props.room.id);
        goTo(props.room.id);
      }}
      onAuxClick={(event) => {
        if (event.button === 1) openInTab(props.room.id);
      }}
      onContextMenu={(event) => {
        event.preventDefault();
        props.menu(props.room, { x: event.clientX, y: event.clientY });
      }}
      ref={longPress((x, y) => props.menu(props.room, { x, y }))}
      on:pointerdown={(event) => ripple(event as PointerEvent & { currentTarget: HTMLElement })}
    >
      <span class={s.face}>
        <Show
          when={!props.room.saved}
          fallback={
            <span class={s.saved}>
              <Icon name="bookmark" size={28} />
            </span>
          }
        >
          <Avatar
            id={props.room.dmUserId ?? props.room.id}
            name={name()}
            photo={props.room.avatar}
            size={54}
            online={online()}
            testid="row-avatar"
          />
        </Show>
        <Show when={folded() && count() !== undefined}>
          <span class={s.faceBadge}>
            <Badge count={count()} muted={props.room.muted} label={t('list-unread', { count: count() ?? 0 })} />
          </span>
        </Show>
      </span>
      <span class={s.words}>
        <span class={s.line}>
          <Show when={props.room.encrypted}>
            <Icon name="lock" size={16} class={s.mark} />
          </Show>
          <Show when={props.room.isPublic && props.room.kind === 'group'}>
            <Icon name="globe" size={16} class={s.mark} />
            <span class="visually-hidden">{t('access-public')}</span>
          </Show>
          <span class={s.title} data-testid="row-title">
            {name()}
          </span>
          <Show when={props.room.muted}>
            <Icon name="bell-off" size={16} class={s.mark} />
            <span class="visually-hidden">{t('list-muted')}</span>
          </Show>
          <span class={s.space} />
          <Show when={props.room.preview?.delivery}>
            {(delivery) => (
              <span class={s.ticks}>
                <Ticks delivery={delivery()} label={t(ticks[delivery()])} />
              </span>
            )}
          </Show>
          <Show when={props.room.preview}>
            {(preview) => (
              <span class={s.time} data-testid="row-time">
                {listTime(preview().ts, now())}
              </span>
            )}
          </Show>
        </span>
        <span class={s.line}>
          <Preview room={props.room} />
          <Show when={isLiked()}>
            <span class={s.heart} data-testid="heart-badge" role="img" aria-label={t('list-reaction')}>
              <Icon name="heart" size={14} />
            </span>
          </Show>
          <Show when={mention()}>
            <span class={s.mention} data-testid="mention-badge" role="img" aria-label={t('list-mentions')}>
              <Icon name="at-sign" size={14} />
            </span>
          </Show>
          <Show
            when={count() !== undefined}
            fallback={
              <Show when={props.room.pinned}>
                <Icon name="pin" size={20} class={s.pin} />
                <span class="visually-hidden">{t('list-pinned')}</span>
              </Show>
            }
          >
            <Badge
              count={count()}
              muted={props.room.muted}
              label={t('list-unread', { count: count() ?? 0 })}
              testid="unread-badge"
            />
          </Show>
        </span>
      </span>
    </button>
  );
}

/** The second line: who types, else a draft, else the last message. */
function Preview(props: { room: Room }) {
  const { state } = useClient();
  const typing = () => state.typing[props.room.id] ?? [];
  const draft = createMemo(() => (route().roomId === props.room.id ? '' : (state.drafts[props.room.id]?.text ?? '')));
  const typists = () => {
    if (props.room.kind === 'dm') return t('chat-typing');
    const name = (at: number) => nameOf(state, props.room.id, typing()[at] ?? '');
    if (typing().length === 2) return t('chat-typing-two', { first: name(0), second: name(1) });
    if (typing().length > 2) return t('chat-typing-many', { count: typing().length });
    return t('chat-typing-one', { name: name(0) });
  };
  const sender = () => {
    const preview = props.room.preview;
    if (!preview || ['service', 'emote', 'reaction'].includes(preview.body.kind)) return undefined;
    if (preview.sender === me(state)) return t('list-you');
    return props.room.kind === 'group' ? preview.senderName.split(' ')[0] : undefined;
  };
  return (
    <span class={s.preview} dir="auto" data-testid="row-preview">
      <Switch fallback={t('preview-empty')}>
        <Match when={typing().length > 0}>
          <span class={s.typing} data-testid="row-typing">
            {typists()}
          </span>
        </Match>
        <Match when={draft()}>
          <span class={s.draft}>{t('list-draft')} </span>
          {draft()}
        </Match>
        <Match when={props.room.preview}>
          {(preview) => (
            <>
              <Show when={sender()}>{(name) => <span class={s.sender}>{`${name()}: `}</span>}</Show>
              <Show when={preview().thumbnail}>{(mxc) => <Thumb mxc={mxc()} />}</Show>
              {previewText(preview().body)}
            </>
          )}
        </Match>
      </Switch>
    </span>
  );
}

/** The picture of the last message, as small as a word. */
function Thumb(props: { mxc: string }) {
  const url = createMediaUrl(
    () => props.mxc,
    () => ({ w: 96, h: 96 }),
  );
  return (
    <Show when={url()}>{(address) => <img class={s.thumb} src={address()} alt="" data-testid="row-thumb" />}</Show>
  );
}
