import { createEffect, createMemo, createSignal, on, onCleanup, Show } from 'solid-js';
import { type WallpaperName, wallpapers } from '../model/wallpapers';
import { useClient } from '../store/context';
import { isDark } from '../store/look';
import { createMediaUrl } from '../store/media';
import { route, turns } from '../store/ui';
import { mayMove, partOf } from '../ui/motion';
import { paint, type Rgb, rgb, side } from './gradient';
import s from './wallpaper.module.css';

const turn_ms = 500;

function dimmed([red, green, blue]: Rgb): Rgb {
  const over = (part: number) => part * 0.3 + 15 * 0.7;
  return [over(red), over(green), over(blue)];
}

/** By night the colours shine through the drawings only, and at three tenths over the dark ground. */
const coloursOf = (name: WallpaperName, dark: boolean): Rgb[] =>
  dark ? wallpapers[name].night.map(rgb).map(dimmed) : wallpapers[name].day.map(rgb);

/** What lies behind the messages, of all chats or of the one that is open: a gradient that turns a little with each message
 * sent, under a pattern of doodles; or a picture of one's own. */
export function Wallpaper() {
  const { state } = useClient();
  const choice = () => state.rooms[route().roomId ?? '']?.group.wallpaper ?? state.own.settings.wallpaper;
  // A memo: a chat changes with each message, what lies behind it does not.
  const name = createMemo(() => (isDark() ? choice().night : choice().day));
  let canvas!: HTMLCanvasElement;
  let shown = turns();
  let frame = 0;
  let version = 0;
  const [still, setStill] = createSignal('');
  const [rests, setRests] = createSignal(false);
  /** Shows a picture of the canvas, which is scaled once: the canvas would be for each frame, also while others scroll over it. */
  const rest = () => {
    const now = version;
    canvas.toBlob((blob) => blob && now === version && setStill(URL.createObjectURL(blob)));
  };
  const draw = (at: number) => {
    const context = canvas.getContext('2d');
    if (!context) return;
    version += 1;
    setRests(false);
    const picture = context.createImageData(side, side);
    paint(picture.data, coloursOf(name(), isDark()), at);
    context.putImageData(picture, 0, 0);
    shown = at;
  };
  createEffect(
    on(
      () => [isDark(), name()],
      () => {
        draw(shown);
        rest();
      },
    ),
  );
  createEffect(
    on(
      turns,
      (goal) => {
        cancelAnimationFrame(frame);
        if (!mayMove()) {
          draw(goal);
          return rest();
        }
        const from = shown;
        const began = performance.now();
        const step = (now: number) => {
          const part = partOf(now - began, turn_ms);
          draw(from + (goal - from) * (1 - (1 - part) ** 3));
          if (part < 1) frame = requestAnimationFrame(step);
          else rest();
        };
        frame = requestAnimationFrame(step);
      },
      { defer: true },
    ),
  );
  onCleanup(() => {
    version += 1;
    cancelAnimationFrame(frame);
  });
  const loaded = (now: string) => {
    URL.revokeObjectURL(now);
    setRests(now === still());
  };
  return (
    <div class={s.wallpaper} aria-hidden="true" data-testid="wallpaper" data-colours={name()}>
      <canvas ref={canvas} class={s.gradient} width={side} height={side} hidden={rests()} />
      <Show when={still()}>
        {(now) => <img class={s.gradient} src={now()} alt="" hidden={!rests()} onLoad={() => loaded(now())} />}
      </Show>
      <div class={s.doodle} />
      <Show when={choice().image}>{(mxc) => <Picture mxc={mxc()} />}</Show>
    </div>
  );
}

function Picture(props: { mxc: string }) {
  const url = createMediaUrl(
    () => props.mxc,
    () => ({ w: 1600, h: 1200 }),
  );
  return (
    <Show when={url()}>{(src) => <img class={s.picture} src={src()} alt="" data-testid="wallpaper-picture" />}</Show>
  );
}
