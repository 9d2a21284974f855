import { Match, Show, Switch } from 'solid-js';
import { t } from '../../i18n';
import { useClient } from '../../store/context';
import type { RoomId } from '../../store/contract';
import { openRight, setPreviewed } from '../../store/pages';
import { goTo } from '../../store/ui';
import { Icon } from '../../ui/icon';
import s from './group-bar.module.css';

/** A line below the head of a chat: the group goes on elsewhere, or people ask to be let in. */
export function GroupBar(props: { roomId: RoomId }) {
  const { state } = useClient();
  const room = () => state.rooms[props.roomId];
  const requests = () => (room()?.my.invite ? (room()?.group.requests.length ?? 0) : 0);
  const go = (id: RoomId) => {
    if (state.rooms[id]?.membership === 'join') goTo(id);
    else setPreviewed({ id, via: [] });
  };
  const show = () => {
    goTo(props.roomId, true);
    // The panel begins with no pages open.
    setTimeout(() => openRight('requests'));
  };
  return (
    <Show when={room()?.membership === 'join'}>
      <Switch>
        <Match when={room()?.group.replacement}>
          {(next) => (
            <button type="button" class={s.bar} onClick={() => go(next())} data-testid="replaced">
              <Icon name="log-in" size={20} />
              {t('bar-replaced')}
            </button>
          )}
        </Match>
        <Match when={requests() > 0}>
          <button type="button" class={s.bar} onClick={show} data-testid="requests-bar">
            <Icon name="user-plus" size={20} />
            {t('bar-requests', { count: requests() })}
          </button>
        </Match>
      </Switch>
    </Show>
  );
}
