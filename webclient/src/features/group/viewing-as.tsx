import { onCleanup } from 'solid-js';
import { t } from '../../i18n';
import { useClient } from '../../store/context';
import type { RoomId } from '../../store/contract';
import { viewedAs } from '../../store/pages';
import { Button } from '../../ui/button';
import { Icon } from '../../ui/icon';
import { stopViewing } from './view-as';
import s from './viewing-as.module.css';

/** Over a chat that is looked at as members with a role see it; who leaves the chat sees it as it is again. */
export function ViewingAs(props: { roomId: RoomId }) {
  const client = useClient();
  onCleanup(() => stopViewing(client));
  return <ViewingBar roomId={props.roomId} testid="viewing-as" />;
}

/** Says so, with the way back. `inPanel`: seen where the panel covers the chat. */
export function ViewingBar(props: { roomId: RoomId; inPanel?: boolean; testid: string }) {
  const client = useClient();
  const text = () => {
    const roleId = viewedAs()?.roleId;
    const role = client.state.rooms[props.roomId]?.group.roles?.roles.find((one) => one.id === roleId);
    return role ? t('viewing-as', { name: role.name }) : t('viewing-as-everyone');
  };
  return (
    <div class={s.bar} role="status" data-panel={props.inPanel} data-testid={props.testid}>
      <Icon name="eye" size={20} />
      <span class={s.text}>{text()}</span>
      <Button onClick={() => stopViewing(client)} data-testid={`${props.testid}-end`}>
        {t('viewing-as-end')}
      </Button>
    </div>
  );
}
