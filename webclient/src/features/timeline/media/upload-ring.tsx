import { Show } from 'solid-js';
import { t } from '../../../i18n';
import { useClient } from '../../../store/context';
import type { RoomId, TimelineItem } from '../../../store/contract';
import { Icon } from '../../../ui/icon';
import { Ring } from '../../../ui/ring';
import s from './media.module.css';

/** Whether a file of this message is still to be sent (or could not be). */
export function isUploading(item: TimelineItem): boolean {
  return item.upload !== null && item.eventId === null && (!item.upload.done || item.delivery === 'failed');
}

/** How far the upload is; a press gives it up, or tries again when it failed. */
export function UploadRing(props: { roomId: RoomId; item: TimelineItem }) {
  const { commands } = useClient();
  const part = () => (props.item.upload ? props.item.upload.sentBytes / Math.max(1, props.item.upload.totalBytes) : 0);
  const failed = () => props.item.delivery === 'failed';
  const press = (event: MouseEvent) => {
    event.stopPropagation();
    const { roomId, item } = props;
    void (failed() ? commands.retry(roomId, item.key) : commands.cancelLocal(roomId, item.key)).catch(() => undefined);
  };
  return (
    <button
      type="button"
      class={s.disc}
      data-testid="upload"
      data-part={Math.round(part() * 100)}
      aria-label={t(failed() ? 'message-retry' : 'media-cancel')}
      onClick={press}
    >
      <Show when={failed()} fallback={<Icon name="x" />}>
        <Icon name="rotate-ccw" />
      </Show>
      <Show when={!failed()}>
        <Ring part={part()} />
      </Show>
    </button>
  );
}
