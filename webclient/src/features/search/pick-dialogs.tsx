import { createMemo, createSignal, For, type JSX, Show } from 'solid-js';
import { t } from '../../i18n';
import { useClient } from '../../store/context';
import type { RoomId, UserId } from '../../store/contract';
import { createPeopleSearch } from '../../store/finding-people';
import { knownName, me, nameOf, photoOf } from '../../store/people';
import { Avatar } from '../../ui/avatar';
import { Dialog } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { PageRow } from '../../ui/page';
import s from './filters.module.css';

const most = 50;

/** Somebody to read messages of: a member of the chat, or where none was chosen anybody. */
export function PickPerson(props: { roomId: RoomId | null; onPick: (id: UserId) => void; onClose: () => void }) {
  const { state, commands } = useClient();
  const [words, setWords] = createSignal('');
  const anybody = createPeopleSearch(words);
  if (props.roomId && !state.membersComplete[props.roomId]) {
    void commands.loadMembers(props.roomId).catch(() => undefined);
  }
  const people = createMemo(() => {
    const { roomId } = props;
    if (!roomId) return anybody().map((one) => ({ id: one.userId, name: one.name, photo: one.avatar }));
    const needle = words().trim().toLocaleLowerCase();
    return Object.keys(state.members[roomId] ?? {})
      .filter((id) => id !== me(state))
      .map((id) => ({ id, name: nameOf(state, roomId, id), photo: photoOf(state, roomId, id) }))
      .filter((one) => `${one.name} ${one.id}`.toLocaleLowerCase().includes(needle))
      .slice(0, most);
  });
  return (
    <Picking title={t('search-by')} words={words()} onWords={setWords} onClose={props.onClose}>
      <Show when={words().trim() === ''}>
        <PageRow
          lead={<Avatar id={me(state)} name={knownName(state, me(state))} photo={null} size={42} />}
          text={t('filter-me')}
          onClick={() => props.onPick(me(state))}
          testid="pick-me"
        />
      </Show>
      <For each={people()}>
        {(one) => (
          <PageRow
            lead={<Avatar id={one.id} name={one.name} photo={one.photo} size={42} />}
            text={one.name}
            sub={one.id}
            onClick={() => props.onPick(one.id)}
            testid="pick-person"
          />
        )}
      </For>
    </Picking>
  );
}

/** One of my chats. */
export function PickChat(props: { onPick: (id: RoomId) => void; onClose: () => void }) {
  const { state } = useClient();
  const [words, setWords] = createSignal('');
  const chats = createMemo(() => {
    const needle = words().trim().toLocaleLowerCase();
    return state.roomOrder
      .flatMap((id) => state.rooms[id] ?? [])
      .map((room) => ({ room, name: room.saved ? t('saved-title') : room.name || t('chat-empty-name') }))
      .filter((one) => one.name.toLocaleLowerCase().includes(needle))
      .slice(0, most);
  });
  return (
    <Picking title={t('filter-in')} words={words()} onWords={setWords} onClose={props.onClose}>
      <For each={chats()}>
        {({ room, name }) => (
          <PageRow
            lead={<Avatar id={room.dmUserId ?? room.id} name={name} photo={room.avatar} saved={room.saved} size={42} />}
            text={name}
            onClick={() => props.onPick(room.id)}
            testid="pick-chat"
          />
        )}
      </For>
    </Picking>
  );
}

function Picking(props: {
  title: string;
  words: string;
  onWords: (words: string) => void;
  onClose: () => void;
  children: JSX.Element;
}) {
  return (
    <Dialog title={props.title} onClose={props.onClose} testid="pick-dialog">
      <Field
        label={t('list-search')}
        value={props.words}
        autocomplete="off"
        onInput={(event) => props.onWords(event.currentTarget.value)}
        data-testid="pick-words"
      />
      <div class={s.found}>{props.children}</div>
    </Dialog>
  );
}
