import { createMemo, createSignal, Show } from 'solid-js';
import { t } from '../../i18n';
import { useClient } from '../../store/context';
import type { Member, Room, RoomId } from '../../store/contract';
import { openPerson } from '../../store/messages-ui';
import { me, nameOf } from '../../store/people';
import { Avatar } from '../../ui/avatar';
import { IconButton } from '../../ui/button';
import { Field } from '../../ui/field';
import { Icon } from '../../ui/icon';
import { openMenu } from '../../ui/menu';
import type { Anchor } from '../../ui/popover';
import { VirtualList } from '../../ui/virtual-list';
import s from './info-panel.module.css';
import { MemberDialog } from './member-dialogs';
import { type Asked, isMuted, memberActions, rolesOf } from './member-menu';

/** From this many members on, they can be searched. */
const searchable = 8;

/** What stands at the end of a member's row, with the colour of the role. */
const labelOf = (room: Room, member: Member): { text: string; colour: string } | undefined => {
  if (member.membership === 'invite') return { text: t('info-role-invited'), colour: '' };
  const highest = rolesOf(room, member.userId)[0];
  if (member.power >= 100)
    return {
      text: t(
        room.group.creators.includes(member.userId) || member.power > 100 ? 'info-role-owner' : 'info-role-admin',
      ),
      colour: '',
    };
  if (highest) return { text: highest.name, colour: highest.colour };
  return member.power >= 50 ? { text: t('info-role-moderator'), colour: '' } : undefined;
};

/** Joined and invited people: higher roles first, then those who are online, then by name. */
export function Members(props: { roomId: RoomId; viewport: HTMLElement; invite: () => void }) {
  const { state } = useClient();
  const [words, setWords] = createSignal('');
  const [asked, setAsked] = createSignal<Asked>();
  const online = (id: string) => state.users[id]?.presence === 'online';
  const rank = (one: Member) => (one.membership === 'join' ? one.power : -1e9);
  const all = createMemo(() =>
    Object.values(state.members[props.roomId] ?? {}).filter(
      (one) => one.membership === 'join' || one.membership === 'invite',
    ),
  );
  const ids = createMemo(() => {
    const needle = words().trim().toLocaleLowerCase();
    return all()
      .filter((one) => needle === '' || `${one.name} ${one.userId}`.toLocaleLowerCase().includes(needle))
      .sort(
        (a, b) =>
          rank(b) - rank(a) || Number(online(b.userId)) - Number(online(a.userId)) || a.name.localeCompare(b.name),
      )
      .map((one) => one.userId);
  });
  return (
    <section class={s.section} data-testid="members">
      <div class={s.caption}>
        <h3 class={s.captionText}>
          {t('chat-members', { count: state.rooms[props.roomId]?.joinedCount ?? all().length })}
        </h3>
        <Show when={state.rooms[props.roomId]?.my.invite}>
          <IconButton
            icon="user-plus"
            label={t('info-invite')}
            onClick={() => props.invite()}
            data-testid="info-invite"
          />
        </Show>
      </div>
      <Show when={all().length >= searchable}>
        <div class={s.search}>
          <Field
            label={t('list-search')}
            value={words()}
            autocomplete="off"
            onInput={(event) => setWords(event.currentTarget.value)}
            data-testid="members-search"
          />
        </div>
      </Show>
      <VirtualList
        ids={ids()}
        rowHeight={56}
        label={t('info-members')}
        viewport={props.viewport}
        row={(id) => <MemberRow roomId={props.roomId} userId={id} ask={setAsked} />}
      />
      <Show when={asked()} keyed>
        {(now) => <MemberDialog roomId={props.roomId} asked={now} onClose={() => setAsked(undefined)} />}
      </Show>
    </section>
  );
}

function MemberRow(props: { roomId: RoomId; userId: string; ask: (asked: Asked) => void }) {
  const client = useClient();
  const { state } = client;
  const member = () => state.members[props.roomId]?.[props.userId];
  const online = () => state.users[props.userId]?.presence === 'online';
  const foreign = () => props.userId.replace(/^[^:]*/, '') !== me(state).replace(/^[^:]*/, '');
  const open = (at: Anchor) => {
    const room = state.rooms[props.roomId];
    const one = member();
    if (!room || !one) return;
    if (one.userId === me(state)) openPerson(one.userId);
    else openMenu(at, memberActions(client, room, one, props.ask, at));
  };
  const label = () => {
    const room = state.rooms[props.roomId];
    const one = member();
    return room && one ? labelOf(room, one) : undefined;
  };
  const muted = () => {
    const room = state.rooms[props.roomId];
    return room !== undefined && isMuted(room, props.userId);
  };
  return (
    <Show when={member()}>
      {(one) => (
        <button
          type="button"
          class={s.member}
          data-testid="member"
          data-user={props.userId}
          // A key has no place: its menu stands at the row.
          onClick={(event) => open(event.detail === 0 ? event.currentTarget : { x: event.clientX, y: event.clientY })}
        >
          <Avatar
            id={props.userId}
            name={one().name}
            photo={one().avatar}
            size={42}
            online={online()}
            testid="member-avatar"
          />
          <span class={s.words}>
            <span class={s.text}>
              {nameOf(state, props.roomId, props.userId)}
              <Show when={muted()}>
                <Icon name="hourglass" size={16} class={s.mark} />
                <span class="visually-hidden">{t('member-muted')}</span>
              </Show>
              <Show when={foreign()}>
                <Icon name="globe" size={16} class={s.mark} />
                <span class="visually-hidden">{t('person-foreign')}</span>
              </Show>
            </span>
            <span class={s.sub} data-online={online()}>
              {online() ? t('chat-online') : props.userId}
            </span>
          </span>
          <Show when={label()}>
            {(role) => (
              <span class={s.role} data-colour={role().colour} data-testid="member-label">
                {role().text}
              </span>
            )}
          </Show>
        </button>
      )}
    </Show>
  );
}
