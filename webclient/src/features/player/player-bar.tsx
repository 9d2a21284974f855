import { Show } from 'solid-js';
import { t } from '../../i18n';
import { clockLength } from '../../model/media';
import {
  closePlayer,
  failed,
  lengthMs,
  playing,
  positionMs,
  rate,
  rates,
  seek,
  setRate,
  setVolume,
  step,
  toggleTrack,
  track,
  volume,
} from '../../store/audio';
import { useClient } from '../../store/context';
import { goToEvent } from '../../store/messages-ui';
import { IconButton } from '../../ui/button';
import s from './player-bar.module.css';

const louder = 0.1;

/** The bar of the one player: it stays while one goes from chat to chat. */
export function PlayerBar() {
  const { state } = useClient();
  const nextRate = () => setRate(rates[(rates.indexOf(rate() as (typeof rates)[number]) + 1) % rates.length] ?? 1);
  const jump = () => {
    const now = track();
    const eventId = now && state.timelines[now.roomId]?.events[now.key]?.eventId;
    if (now) goToEvent(now.roomId, eventId ?? now.key);
  };
  const drag = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    if (event.buttons !== 1) return;
    const box = event.currentTarget.getBoundingClientRect();
    seek(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * lengthMs());
  };
  const keyed = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -5000, ArrowRight: 5000 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    seek(Math.min(lengthMs(), Math.max(0, positionMs() + by)));
  };
  return (
    <Show when={track()}>
      {(now) => (
        <section class={s.bar} aria-label={t('media-player')} data-testid="player-bar">
          <IconButton icon="skip-back" label={t('media-previous')} onClick={() => step(-1)} />
          <IconButton
            icon={playing() ? 'pause' : 'play'}
            label={t(playing() ? 'media-pause' : 'media-play')}
            onClick={() => toggleTrack(now(), [now()])}
            data-testid="player-toggle"
          />
          <IconButton icon="skip-forward" label={t('media-next')} onClick={() => step(1)} />
          <button type="button" class={s.words} onClick={jump}>
            <span class={s.title}>{now().title}</span>
            <span class={s.by}>{failed() ? t('media-failed') : now().by}</span>
          </button>
          <span class={s.time} data-testid="player-time">
            {clockLength(positionMs())} / {clockLength(lengthMs())}
          </span>
          <button
            type="button"
            class={s.rate}
            aria-label={t('media-speed')}
            onClick={nextRate}
            data-testid="player-rate"
          >
            {rate()}×
          </button>
          <input
            class={s.volume}
            type="range"
            min="0"
            max="1"
            step={louder}
            aria-label={t('media-volume')}
            value={volume()}
            onInput={(event) => setVolume(Number(event.currentTarget.value))}
          />
          <IconButton icon="x" label={t('media-close-player')} onClick={closePlayer} data-testid="player-close" />
          <div
            class={s.line}
            role="slider"
            tabIndex={0}
            aria-label={t('media-seek')}
            aria-valuemin={0}
            aria-valuemax={100}
            aria-valuenow={lengthMs() > 0 ? Math.round((positionMs() / lengthMs()) * 100) : 0}
            onPointerDown={drag}
            onPointerMove={drag}
            onKeyDown={keyed}
          >
            <i style={{ '--part': String(lengthMs() > 0 ? positionMs() / lengthMs() : 0) }} />
          </div>
        </section>
      )}
    </Show>
  );
}
