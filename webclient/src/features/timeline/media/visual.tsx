import { Show } from 'solid-js';
import { t } from '../../../i18n';
import { clockLength, fitted, type Media } from '../../../model/media';
import type { RoomId, TimelineItem } from '../../../store/contract';
import { createLocalUrl } from '../../../store/media';
import { setViewing } from '../../../store/viewer';
import { Icon } from '../../../ui/icon';
import s from './media.module.css';
import { Picture } from './picture';
import { isUploading, UploadRing } from './upload-ring';

const most = { w: 420, h: 400 } as const;
const thumbnail = { w: 800, h: 600 } as const;
/** Below this a picture is fetched whole: a thumbnail would save nothing. */
const small_bytes = 150_000;

type VisualProps = { roomId: RoomId; item: TimelineItem; media: Media; fill?: boolean };

/** A photo, film or sticker in its bubble; a press opens the viewer. */
export function Visual(props: VisualProps) {
  const local = createLocalUrl(
    () => props.item.upload?.thumbnail ?? (isFilm() ? null : (props.item.upload?.file ?? null)),
  );
  const isFilm = () => props.media.kind === 'video';
  const box = () => fitted(props.media.w, props.media.h, props.media.kind === 'sticker' ? { w: 200, h: 200 } : most);
  const isWhole = () =>
    !isFilm() &&
    (props.media.mimetype === 'image/gif' ||
      props.media.kind === 'sticker' ||
      (props.media.size > 0 && props.media.size <= small_bytes));
  const source = () => (isWhole() ? props.media.mxc : (props.media.thumbnail ?? (isFilm() ? null : props.media.mxc)));
  const label = () => {
    if (props.media.kind === 'sticker') return t('preview-sticker');
    if (!isFilm()) return t('media-open-photo');
    const length = props.media.durationMs > 0 ? `, ${clockLength(props.media.durationMs)}` : '';
    return `${t('media-open-video')}${length}`;
  };
  const open = (event: { currentTarget: HTMLElement }) => {
    if (props.media.kind === 'sticker') return;
    setViewing({ roomId: props.roomId, key: props.item.key, from: event.currentTarget.getBoundingClientRect() });
  };
  return (
    <div
      class={s.visual}
      classList={{ [s.fill ?? '']: props.fill === true, [s.sticker ?? '']: props.media.kind === 'sticker' }}
      style={{ '--w': `${box().w}px`, '--ratio': `${box().w} / ${box().h}` }}
      data-testid={props.media.kind}
    >
      <Picture
        media={props.media}
        size={isWhole() ? null : thumbnail}
        source={source()}
        local={local()}
        label={label()}
        onPress={open}
      >
        <Show when={isFilm()}>
          <Show when={!isUploading(props.item)}>
            <span class={s.disc}>
              <Icon name="play" />
            </span>
          </Show>
          <Show when={props.media.durationMs > 0}>
            <span class={s.length}>{clockLength(props.media.durationMs)}</span>
          </Show>
        </Show>
      </Picture>
      <Show when={isUploading(props.item)}>
        <UploadRing roomId={props.roomId} item={props.item} />
      </Show>
    </div>
  );
}
