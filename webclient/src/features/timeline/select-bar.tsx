import { onCleanup, onMount } from 'solid-js';
import { t } from '../../i18n';
import { clockTime } from '../../i18n/dates';
import { bodyOf } from '../../model/relations';
import { useClient } from '../../store/context';
import type { RoomId, TimelineItem } from '../../store/contract';
import { picked, setForwarding, stopPicking } from '../../store/messages-ui';
import { nameOf } from '../../store/people';
import { IconButton } from '../../ui/button';
import { toast } from '../../ui/toast';
import { askDelete } from './delete';
import s from './select-bar.module.css';

/** In the composer's place while messages are picked: how many, and what can be done with all of them. */
export function SelectBar(props: { roomId: RoomId }) {
  const client = useClient();
  const { state, commands } = client;
  const timeline = () => state.timelines[props.roomId];
  const items = (): TimelineItem[] =>
    (timeline()?.items ?? []).filter((key) => picked().includes(key)).flatMap((key) => timeline()?.events[key] ?? []);
  const refs = () => items().flatMap(({ eventId }) => (eventId ? [{ roomId: props.roomId, eventId }] : []));
  const readable = () => items().length > 0 && items().every((item) => item.kind === 'message' && item.eventId);
  const copy = () => {
    const lines = items().map(
      (item) => `${nameOf(state, props.roomId, item.sender)}, [${clockTime(item.ts)}]\n${bodyOf(item.content)}`,
    );
    void navigator.clipboard.writeText(lines.join('\n\n')).then(
      () => {
        toast(t('message-copied'));
        stopPicking();
      },
      () => undefined,
    );
  };
  const keyed = (event: KeyboardEvent) => {
    if (!(event.ctrlKey || event.metaKey) || event.code !== 'KeyC' || !readable()) return;
    if ((getSelection()?.toString() ?? '') !== '') return;
    event.preventDefault();
    copy();
  };
  onMount(() => {
    document.addEventListener('keydown', keyed);
    onCleanup(() => document.removeEventListener('keydown', keyed));
  });
  const star = async () => {
    for (const { eventId } of refs()) await commands.setStar(props.roomId, eventId, true).catch(() => undefined);
    stopPicking();
  };
  return (
    <div class={s.bar} data-testid="select-bar" role="toolbar" aria-label={t('message-select')}>
      <IconButton icon="x" label={t('select-close')} onClick={stopPicking} data-testid="select-close" />
      <span class={s.count} data-testid="select-count">
        {t('select-count', { count: picked().length })}
      </span>
      <IconButton
        icon="copy"
        label={t('select-copy')}
        disabled={!readable()}
        onClick={copy}
        data-testid="select-copy"
      />
      <IconButton
        icon="star"
        label={t('message-star')}
        disabled={!readable()}
        onClick={() => void star()}
        data-testid="select-star"
      />
      <IconButton
        icon="forward"
        label={t('message-forward')}
        disabled={!readable() || state.rooms[props.roomId]?.encrypted === true}
        onClick={() => setForwarding(refs())}
        data-testid="select-forward"
      />
      <IconButton
        icon="trash-2"
        label={t('message-delete')}
        disabled={refs().length === 0}
        onClick={() => askDelete(client, props.roomId, items())}
        data-testid="select-delete"
      />
    </div>
  );
}
