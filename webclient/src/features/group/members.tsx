import { createMemo, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { Member, Room, RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { me } from '../../store/people';
import { goTo } from '../../store/ui';
import { Avatar } from '../../ui/avatar';
import { IconButton } from '../../ui/button';
import { ask } from '../../ui/dialog';
import { type MenuItem, openMenu } from '../../ui/menu';
import { toast } from '../../ui/toast';
import { VirtualList } from '../../ui/virtual-list';
import s from './info-panel.module.css';

const roleOf = (member: Member) => {
  if (member.membership === 'invite') return t('info-role-invited');
  if (member.power > 100) return t('info-role-owner');
  if (member.power === 100) return t('info-role-admin');
  return member.power >= 50 ? t('info-role-moderator') : undefined;
};

/** Joined and invited people: higher roles first, then those who are online, then by name. */
export function Members(props: { roomId: RoomId; viewport: HTMLElement; invite: () => void }) {
  const { state } = useClient();
  const online = (id: string) => state.users[id]?.presence === 'online';
  const rank = (one: Member) => (one.membership === 'join' ? one.power : -1e9);
  const ids = createMemo(() =>
    Object.values(state.members[props.roomId] ?? {})
      .filter((one) => one.membership === 'join' || one.membership === 'invite')
      .sort(
        (a, b) =>
          rank(b) - rank(a) || Number(online(b.userId)) - Number(online(a.userId)) || a.name.localeCompare(b.name),
      )
      .map((one) => one.userId),
  );
  return (
    <section class={s.section} data-testid="members">
      <div class={s.caption}>
        <h3 class={s.captionText}>{t('info-members')}</h3>
        <Show when={state.rooms[props.roomId]?.my.invite}>
          <IconButton
            icon="user-plus"
            label={t('info-invite')}
            onClick={() => props.invite()}
            data-testid="info-invite"
          />
        </Show>
      </div>
      <VirtualList
        ids={ids()}
        rowHeight={56}
        label={t('info-members')}
        viewport={props.viewport}
        row={(id) => <MemberRow roomId={props.roomId} userId={id} />}
      />
    </section>
  );
}

function MemberRow(props: { roomId: RoomId; userId: string }) {
  const client = useClient();
  const { state } = client;
  const member = () => state.members[props.roomId]?.[props.userId];
  const online = () => state.users[props.userId]?.presence === 'online';
  const open = (x: number, y: number) => {
    const room = state.rooms[props.roomId];
    const one = member();
    if (room && one && one.userId !== me(state)) openMenu({ x, y }, actionsOn(client, room, one));
  };
  return (
    <Show when={member()}>
      {(one) => (
        <button
          type="button"
          class={s.member}
          data-testid="member"
          data-user={props.userId}
          onClick={(event) => open(event.clientX || event.currentTarget.offsetLeft, event.clientY)}
        >
          <Avatar id={props.userId} name={one().name} size={42} online={online()} testid="member-avatar" />
          <span class={s.words}>
            <span class={s.text}>{one().name}</span>
            <span class={s.sub} data-online={online()}>
              {online() ? t('chat-online') : props.userId}
            </span>
          </span>
          <Show when={roleOf(one())}>{(role) => <span class={s.role}>{role()}</span>}</Show>
        </button>
      )}
    </Show>
  );
}

function actionsOn({ commands }: ReturnType<typeof useClient>, room: Room, member: Member): MenuItem[] {
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
  const { userId, name } = member;
  const message = () => void commands.createPrivateChat(userId).then((roomId) => goTo(roomId), tell);
  const copy = () => void navigator.clipboard.writeText(userId).then(() => toast(t('message-copied')), tell);
  const items: MenuItem[] = [
    { id: 'message', label: t('info-message'), icon: 'message-circle', select: message },
    { id: 'copy', label: t('info-copy-address'), icon: 'copy', select: copy },
  ];
  const below = member.power < room.my.level;
  const sure = (id: string, label: string, title: string, icon: 'user-x' | 'ban', answer: () => void): MenuItem => ({
    id,
    label,
    icon,
    danger: true,
    select: () => ask({ title, yes: label, no: t('new-cancel'), danger: true, answer }),
  });
  if (room.my.kick && below) {
    const kick = () => void commands.kick(room.id, userId).catch(tell);
    items.push(sure('kick', t('info-remove'), t('info-remove-confirm', { name }), 'user-x', kick));
  }
  if (room.my.ban && below) {
    const ban = () => void commands.ban(room.id, userId).catch(tell);
    items.push(sure('ban', t('info-ban'), t('info-ban-confirm', { name }), 'ban', ban));
  }
  return items;
}
