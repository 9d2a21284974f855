import { createSignal, onCleanup, onMount, Show } from 'solid-js';
import { t } from '../../i18n';
import { clockLength } from '../../model/media';
import { IconButton } from '../../ui/button';
import { Icon } from '../../ui/icon';
import s from './video.module.css';

const hide_ms = 3000;
const speeds = [0.5, 1, 1.5, 2] as const;

/** A film with controls of our own. Keys: Space or K, arrows 5 s, J and L 10 s, M, F, digits for tenths. */
export function Video(props: { src: string; poster: string | undefined; label: string }) {
  let video!: HTMLVideoElement;
  let box!: HTMLDivElement;
  const [playing, setPlaying] = createSignal(false);
  const [time, setTime] = createSignal(0);
  const [length, setLength] = createSignal(0);
  const [buffered, setBuffered] = createSignal(0);
  const [muted, setMuted] = createSignal(false);
  const [speed, setSpeed] = createSignal<number>(1);
  const [awake, setAwake] = createSignal(true);
  const [hover, setHover] = createSignal<number>();
  const [failed, setFailed] = createSignal(false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wake = () => {
    setAwake(true);
    clearTimeout(timer);
    timer = setTimeout(() => setAwake(false), hide_ms);
  };
  onCleanup(() => clearTimeout(timer));
  const toggle = () => void (video.paused ? video.play().catch(() => undefined) : video.pause());
  const by = (seconds: number) => {
    video.currentTime = Math.min(length(), Math.max(0, video.currentTime + seconds));
  };
  const fullscreen = () =>
    void (document.fullscreenElement ? document.exitFullscreen() : box.requestFullscreen()).catch(() => undefined);
  const mute = () => {
    video.muted = !video.muted;
  };
  const nextSpeed = () => {
    video.playbackRate = speeds[(speeds.indexOf(speed() as (typeof speeds)[number]) + 1) % speeds.length] ?? 1;
  };
  const actions: Record<string, () => void> = {
    ' ': toggle,
    k: toggle,
    ArrowLeft: () => by(-5),
    ArrowRight: () => by(5),
    j: () => by(-10),
    l: () => by(10),
    m: mute,
    f: fullscreen,
  };
  const keyed = (event: KeyboardEvent) => {
    const digit = /^\d$/.test(event.key) ? Number(event.key) : undefined;
    const act = digit === undefined ? actions[event.key] : () => by(length() * (digit / 10) - video.currentTime);
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    wake();
    act();
  };
  const partAt = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    const place = event.currentTarget.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - place.left) / place.width));
  };
  onMount(() => {
    wake();
    box.focus();
    void video.play().catch(() => undefined);
  });
  return (
    <div
      ref={box}
      class={s.box}
      role="application"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: its keys work while it has the focus
      tabIndex={0}
      aria-label={props.label}
      data-awake={awake() || !playing()}
      data-testid="video-player"
      data-playing={playing()}
      onKeyDown={keyed}
      onPointerMove={wake}
    >
      {/* biome-ignore lint/a11y/useMediaCaption: people's own films have none */}
      <video
        ref={video}
        class={s.video}
        src={props.src}
        poster={props.poster}
        playsinline
        onClick={toggle}
        onDblClick={fullscreen}
        onPlay={() => setPlaying(true)}
        onPause={() => setPlaying(false)}
        onTimeUpdate={() => setTime(video.currentTime)}
        onDurationChange={() => setLength(Number.isFinite(video.duration) ? video.duration : 0)}
        onVolumeChange={() => setMuted(video.muted)}
        onRateChange={() => setSpeed(video.playbackRate)}
        onProgress={() => setBuffered(video.buffered.length > 0 ? video.buffered.end(video.buffered.length - 1) : 0)}
        onError={() => setFailed(true)}
      />
      <Show when={failed()}>
        <span class={s.failed} data-testid="video-failed">
          <Icon name="circle-alert" />
          {t('media-failed')}
        </span>
      </Show>
      <div class={s.controls}>
        <div
          class={s.line}
          role="slider"
          tabIndex={0}
          aria-label={t('media-seek')}
          aria-valuemin={0}
          aria-valuemax={Math.round(length())}
          aria-valuenow={Math.round(time())}
          aria-valuetext={clockLength(time() * 1000)}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            video.currentTime = partAt(event) * length();
          }}
          onPointerMove={(event) => {
            setHover(partAt(event));
            if (event.buttons === 1) video.currentTime = partAt(event) * length();
          }}
          onPointerLeave={() => setHover(undefined)}
        >
          <i class={s.buffered} style={{ '--part': String(length() > 0 ? buffered() / length() : 0) }} />
          <i class={s.played} style={{ '--part': String(length() > 0 ? time() / length() : 0) }} />
          <Show when={hover() !== undefined}>
            <span class={s.bubble} style={{ '--at': `${(hover() ?? 0) * 100}%` }}>
              {clockLength((hover() ?? 0) * length() * 1000)}
            </span>
          </Show>
        </div>
        <div class={s.buttons}>
          <IconButton
            icon={playing() ? 'pause' : 'play'}
            label={t(playing() ? 'media-pause' : 'media-play')}
            onClick={toggle}
            data-testid="video-toggle"
          />
          <IconButton icon={muted() ? 'volume-x' : 'volume-2'} label={t('media-mute')} onClick={mute} />
          <span class={s.time} data-testid="video-time">
            {clockLength(time() * 1000)} / {clockLength(length() * 1000)}
          </span>
          <button type="button" class={s.speed} aria-label={t('media-speed')} onClick={nextSpeed}>
            {speed()}×
          </button>
          <Show when={document.pictureInPictureEnabled}>
            <IconButton
              icon="picture-in-picture-2"
              label={t('media-pip')}
              onClick={() => void video.requestPictureInPicture().catch(() => undefined)}
            />
          </Show>
          <IconButton icon="maximize" label={t('media-fullscreen')} onClick={fullscreen} />
        </div>
      </div>
    </div>
  );
}
