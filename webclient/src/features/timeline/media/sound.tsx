import { For, Show } from 'solid-js';
import { t } from '../../../i18n';
import { clockLength, type Media } from '../../../model/media';
import { lengthMs, playing, positionMs, seek, toggleTrack, track } from '../../../store/audio';
import { useClient } from '../../../store/context';
import type { RoomId, TimelineItem } from '../../../store/contract';
import { me } from '../../../store/people';
import { fileSize } from '../../../ui/file-size';
import { Icon } from '../../../ui/icon';
import { createEarly } from './early';
import s from './media.module.css';
import { trackOf, tracksOf } from './tracks';
import { isUploading, UploadRing } from './upload-ring';

const bars = 48;

type SoundProps = { roomId: RoomId; item: TimelineItem; media: Media };

/** A voice message as bars, or a piece of music with its name; both play in the one player of the page. */
export function Sound(props: SoundProps) {
  let box!: HTMLDivElement;
  createEarly(() => box, props);
  const { state, commands } = useClient();
  const isThis = () => track()?.key === props.item.key && track()?.roomId === props.roomId;
  const length = () => (isThis() && lengthMs() > 0 ? lengthMs() : props.media.durationMs);
  const toggle = () => {
    const own = trackOf(state, props.roomId, props.item, t('media-voice'));
    const { eventId, heard, sender } = props.item;
    if (own?.kind === 'voice' && eventId && !heard && sender !== me(state)) {
      void commands.markHeard(props.roomId, eventId).catch(() => undefined);
    }
    if (own) toggleTrack(own, tracksOf(state, props.roomId, own.kind, t('media-voice')));
  };
  const seekTo = (part: number) => {
    if (isThis()) seek(part * length());
  };
  const time = () =>
    isThis() ? `${clockLength(positionMs())} / ${clockLength(length())}` : clockLength(props.media.durationMs);
  return (
    <div ref={box} class={s.sound} data-testid={props.media.kind} data-playing={isThis() && playing()}>
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
          class={s.round}
          aria-label={t(isThis() && playing() ? 'media-pause' : 'media-play')}
          data-testid="sound-toggle"
          onClick={toggle}
        >
          <Icon name={isThis() && playing() ? 'pause' : 'play'} />
        </button>
      </Show>
      <div class={s.words}>
        <Show
          when={props.media.kind === 'voice'}
          fallback={
            <>
              <span class={s.name}>{props.media.name}</span>
              <Show when={isThis()}>
                <Line part={length() > 0 ? positionMs() / length() : 0} seek={seekTo} />
              </Show>
            </>
          }
        >
          <Waveform
            values={props.media.waveform}
            part={isThis() && length() > 0 ? positionMs() / length() : 0}
            seek={seekTo}
          />
        </Show>
        <span class={s.facts}>
          {time()}
          <Show when={props.media.kind === 'voice' && !props.item.heard && props.item.sender !== me(state)}>
            <i class={s.unheard} data-testid="unheard" />
          </Show>
          <Show when={props.media.kind === 'audio' && props.media.size > 0}> · {fileSize(props.media.size)}</Show>
        </span>
      </div>
    </div>
  );
}

type BarsProps = { part: number; seek: (part: number) => void };

const partAt = (event: PointerEvent & { currentTarget: HTMLElement }): number => {
  const box = event.currentTarget.getBoundingClientRect();
  return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
};

function arrows(event: KeyboardEvent, props: BarsProps): void {
  const by = { ArrowLeft: -0.05, ArrowRight: 0.05 }[event.key];
  if (by === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  props.seek(Math.min(1, Math.max(0, props.part + by)));
}

/** Loudness over time; a press or a drag goes to that place. */
function Waveform(props: BarsProps & { values: readonly number[] }) {
  const heights = () => {
    const { values } = props;
    return Array.from({ length: bars }, (_, at) => {
      if (values.length === 0) return 0.15;
      const from = Math.floor((at * values.length) / bars);
      const to = Math.max(from + 1, Math.floor(((at + 1) * values.length) / bars));
      return Math.max(...values.slice(from, to), 0);
    });
  };
  const move = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    if (event.buttons === 1) props.seek(partAt(event));
  };
  return (
    <div
      class={s.waveform}
      role="slider"
      tabIndex={0}
      aria-label={t('media-seek')}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(props.part * 100)}
      data-testid="waveform"
      onPointerDown={move}
      onPointerMove={move}
      onKeyDown={(event) => arrows(event, props)}
    >
      <For each={heights()}>
        {(height, at) => (
          <i data-played={(at() + 0.5) / bars <= props.part} style={{ '--h': `${Math.round(2 + height * 21)}px` }} />
        )}
      </For>
    </div>
  );
}

function Line(props: BarsProps) {
  const move = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    if (event.buttons === 1) props.seek(partAt(event));
  };
  return (
    <div
      class={s.line}
      role="slider"
      tabIndex={0}
      aria-label={t('media-seek')}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(props.part * 100)}
      onPointerDown={move}
      onPointerMove={move}
      onKeyDown={(event) => arrows(event, props)}
    >
      <i style={{ '--part': String(props.part) }} />
    </div>
  );
}
