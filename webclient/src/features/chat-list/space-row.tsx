import { t } from '../../i18n';
import { useClient } from '../../store/context';
import type { Room } from '../../store/contract';
import { browseSpace } from '../../store/pages';
import { Avatar } from '../../ui/avatar';
import s from './chat-list.module.css';
import { roomsOfSpace } from './folders';

/** Above the chats of a space: the space itself, and how many of its rooms I am in. */
export function SpaceRow(props: { space: Room }) {
  const { state } = useClient();
  const rooms = () => [...roomsOfSpace(state, props.space.id)].filter((id) => state.rooms[id]?.kind !== 'space');
  const mine = () => rooms().filter((id) => state.rooms[id]?.membership === 'join').length;
  return (
    <button type="button" class={s.archive} onClick={() => browseSpace(props.space.id)} data-testid="space-row">
      <Avatar id={props.space.id} name={props.space.name} photo={props.space.avatar} size={54} />
      <span class={s.archiveWords}>
        <bdi class={s.archiveTitle}>{props.space.name}</bdi>
        <span class={s.archiveNames}>{t('space-of', { mine: mine(), all: rooms().length })}</span>
      </span>
    </button>
  );
}
