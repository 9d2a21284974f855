import { createEffect, createSignal, onCleanup, Show } from 'solid-js';
import { t } from '../../../i18n';
import { thumbnail_bytes } from '../../../model/autoload';
import { clockLength, fitted, type Media } from '../../../model/media';
import { askFor, loadsByItself, playsByItself, wasAsked } from '../../../store/autoload';
import { useClient } from '../../../store/context';
import type { RoomId, TimelineItem } from '../../../store/contract';
import { createLocalUrl, mediaServed, servedUrl } from '../../../store/media';
import { setViewing } from '../../../store/viewer';
import { fileSize } from '../../../ui/file-size';
import { Icon } from '../../../ui/icon';
import { mayMove } from '../../../ui/motion';
import { createEarly } from './early';
import s from './media.module.css';
import { Picture } from './picture';
import { isUploading, UploadRing } from './upload-ring';

const most = { w: 420, h: 400 } as const;
const thumbnail = { w: 800, h: 600 } as const;
/** Films of this length are played without a sound in their messages, again and again. */
const loop_ms = 15_000;

type VisualProps = { roomId: RoomId; item: TimelineItem; media: Media; fill?: boolean };

/** A photo, film or sticker in its bubble; a press opens the viewer. */
export function Visual(props: VisualProps) {
  const local = createLocalUrl(
    () => props.item.upload?.thumbnail ?? (isFilm() ? null : (props.item.upload?.file ?? null)),
  );
  const isFilm = () => props.media.kind === 'video';
  const box = () => fitted(props.media.w, props.media.h, props.media.kind === 'sticker' ? { w: 200, h: 200 } : most);
  const isMoving = () => props.media.mimetype === 'image/gif';
  // Below the size of a thumbnail that one would save nothing; but it stands still.
  const isWhole = () => {
    if (isFilm()) return false;
    if (props.media.kind === 'sticker') return true;
    if (isMoving()) return playsByItself() && mayMove();
    return props.media.size > 0 && props.media.size <= thumbnail_bytes;
  };
  const { state } = useClient();
  const bytes = () => (isWhole() ? props.media.size : Math.min(props.media.size || thumbnail_bytes, thumbnail_bytes));
  /** Waits until somebody asks for it. */
  const held = () => {
    const address = props.media.mxc;
    if (address === null || wasAsked(address) || props.item.upload || props.media.kind === 'sticker') return false;
    const chat = state.rooms[props.roomId]?.kind === 'dm' ? 'dm' : 'group';
    return !loadsByItself({ kind: 'photos', bytes: bytes(), chat });
  };
  const source = () => (isWhole() ? props.media.mxc : (props.media.thumbnail ?? (isFilm() ? null : props.media.mxc)));
  let place!: HTMLDivElement;
  const early = createEarly(() => place, props);
  const [playing, setPlaying] = createSignal(false);
  const isLoop = () =>
    props.media.durationMs > 0 && props.media.durationMs <= loop_ms && mediaServed() && playsByItself() && mayMove();
  const label = () => {
    if (held()) return t('media-fetch');
    if (props.media.kind === 'sticker') return t('preview-sticker');
    if (!isFilm()) return t('media-open-photo');
    const length = props.media.durationMs > 0 ? `, ${clockLength(props.media.durationMs)}` : '';
    return `${t('media-open-video')}${length}`;
  };
  const open = (event: { currentTarget: HTMLElement }) => {
    if (props.media.kind === 'sticker') return;
    if (held()) return askFor(props.media.mxc ?? '');
    setViewing({ roomId: props.roomId, key: props.item.key, from: event.currentTarget.getBoundingClientRect() });
  };
  return (
    <div
      ref={place}
      class={s.visual}
      classList={{ [s.fill ?? '']: props.fill === true, [s.sticker ?? '']: props.media.kind === 'sticker' }}
      style={{ '--w': `${box().w}px`, '--ratio': `${box().w} / ${box().h}` }}
      data-testid={props.media.kind}
    >
      <Picture
        media={props.media}
        size={isWhole() ? null : thumbnail}
        source={held() ? null : source()}
        held={held()}
        local={local()}
        label={label()}
        onPress={open}
      >
        <Show when={isFilm() && !held() && isLoop() && props.media.mxc}>
          {(mxc) => <Loop mxc={mxc()} runs={early.here() && early.seen()} here={early.here()} onPlaying={setPlaying} />}
        </Show>
        <Show when={held()}>
          <span class={s.disc}>
            <Icon name="download" />
          </span>
          <Show when={props.media.size > 0}>
            <span class={s.length}>{fileSize(props.media.size)}</span>
          </Show>
        </Show>
        <Show when={isMoving() && !isWhole() && !held()}>
          <span class={s.length}>GIF</span>
        </Show>
        <Show when={isFilm() && !held()}>
          <Show when={!isUploading(props.item) && !playing()}>
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

/** A short film that plays in its message while it is in sight, without a sound, once it is here. */
function Loop(props: { mxc: string; here: boolean; runs: boolean; onPlaying: (playing: boolean) => void }) {
  let film!: HTMLVideoElement;
  createEffect(() => {
    // The attribute is that of the beginning; an element that was copied has only that.
    film.muted = true;
    if (props.runs) void film.play().catch(() => undefined);
    else film.pause();
  });
  onCleanup(() => props.onPlaying(false));
  return (
    <video
      ref={film}
      class={s.loop}
      src={props.here ? servedUrl(props.mxc, null) : undefined}
      muted
      loop
      playsinline
      aria-hidden="true"
      tabIndex={-1}
      data-testid="loop"
      onPlaying={() => props.onPlaying(true)}
      onPause={() => props.onPlaying(false)}
    />
  );
}
