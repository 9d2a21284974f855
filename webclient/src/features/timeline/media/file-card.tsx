import { Match, Show, Switch } from 'solid-js';
import { t } from '../../../i18n';
import { extensionOf, type Media } from '../../../model/media';
import { useClient } from '../../../store/context';
import type { RoomId, TimelineItem } from '../../../store/contract';
import { cancelDownload, download, downloadOf } from '../../../store/downloads';
import { fileSize } from '../../../ui/file-size';
import { Icon } from '../../../ui/icon';
import { Ring } from '../../../ui/ring';
import { createEarly } from './early';
import s from './media.module.css';
import { isUploading, UploadRing } from './upload-ring';

const tail = 8;

/** A file: its kind, name and size; a press saves it, another one while it comes gives it up. */
export function FileCard(props: { roomId: RoomId; item: TimelineItem; media: Media }) {
  let box!: HTMLDivElement;
  createEarly(() => box, props);
  const { commands } = useClient();
  const running = () => (props.media.mxc ? downloadOf(props.media.mxc) : undefined);
  const busy = () => running()?.state === 'running';
  const press = () => {
    const { mxc, name, size } = props.media;
    if (mxc === null) return;
    if (busy()) cancelDownload(mxc);
    else void download(commands, mxc, name, size);
  };
  const part = () => {
    const now = running();
    return now && now.totalBytes > 0 ? now.receivedBytes / now.totalBytes : 0;
  };
  // The end of a long name says what it is: only the middle may go.
  const head = () => (props.media.name.length > 24 ? props.media.name.slice(0, -tail) : props.media.name);
  const end = () => (props.media.name.length > 24 ? props.media.name.slice(-tail) : '');
  return (
    <div ref={box} class={s.file} data-testid="file">
      <Show
        when={!isUploading(props.item)}
        fallback={
          <span class={s.round}>
            <UploadRing roomId={props.roomId} item={props.item} />
          </span>
        }
      >
        <button
          type="button"
          class={s.kind}
          disabled={props.media.mxc === null}
          data-testid="file-download"
          aria-label={t(busy() ? 'media-cancel' : 'media-save', { name: props.media.name })}
          onClick={press}
        >
          <Show when={busy()} fallback={<Extension name={props.media.name} />}>
            <Icon name="x" />
            <Ring part={part()} />
          </Show>
        </button>
      </Show>
      <div class={s.words}>
        <span class={s.name} dir="auto">
          <span class={s.head}>{head()}</span>
          <Show when={end()}>
            <span>{end()}</span>
          </Show>
        </span>
        <span class={s.facts}>
          <Switch fallback={props.media.size > 0 ? fileSize(props.media.size) : t('preview-file')}>
            <Match when={running()?.state === 'gone'}>{t('media-gone')}</Match>
            <Match when={running()?.state === 'failed'}>{t('media-failed')}</Match>
            <Match when={busy() && running()}>
              {(now) => `${fileSize(now().receivedBytes)} / ${fileSize(props.media.size)}`}
            </Match>
          </Switch>
        </span>
      </div>
    </div>
  );
}

function Extension(props: { name: string }) {
  return (
    <>
      <span class={s.extension}>{extensionOf(props.name)}</span>
      <span class={s.arrow}>
        <Icon name="download" />
      </span>
    </>
  );
}
