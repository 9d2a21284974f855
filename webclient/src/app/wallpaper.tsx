import { createEffect, on, onCleanup } from 'solid-js';
import { isDark } from '../store/look';
import { turns } from '../store/ui';
import { mayMove, partOf } from '../ui/motion';
import { paint, type Rgb, rgb, side } from './gradient';
import s from './wallpaper.module.css';

const day = ['#dbddbb', '#6ba587', '#d5d88d', '#88b884'].map(rgb);
/** By night the colours shine through the drawings only, and at three tenths over the dark ground. */
const night = ['#fec496', '#dd6cb9', '#962fbf', '#4f5bd5'].map(rgb).map(dimmed);
const turn_ms = 500;

function dimmed([red, green, blue]: Rgb): Rgb {
  const over = (part: number) => part * 0.3 + 15 * 0.7;
  return [over(red), over(green), over(blue)];
}

/** What lies behind the messages: a gradient that turns a little with each message sent, under a pattern of doodles. */
export function Wallpaper() {
  let canvas!: HTMLCanvasElement;
  let shown = turns();
  let frame = 0;
  const draw = (at: number) => {
    const context = canvas.getContext('2d');
    if (!context) return;
    const picture = context.createImageData(side, side);
    paint(picture.data, isDark() ? night : day, at);
    context.putImageData(picture, 0, 0);
    shown = at;
  };
  createEffect(on(isDark, () => draw(shown)));
  createEffect(
    on(
      turns,
      (goal) => {
        cancelAnimationFrame(frame);
        if (!mayMove()) return draw(goal);
        const from = shown;
        const began = performance.now();
        const step = (now: number) => {
          const part = partOf(now - began, turn_ms);
          draw(from + (goal - from) * (1 - (1 - part) ** 3));
          if (part < 1) frame = requestAnimationFrame(step);
        };
        frame = requestAnimationFrame(step);
      },
      { defer: true },
    ),
  );
  onCleanup(() => cancelAnimationFrame(frame));
  return (
    <div class={s.wallpaper} aria-hidden="true" data-testid="wallpaper">
      <canvas ref={canvas} class={s.gradient} width={side} height={side} />
      <div class={s.doodle} />
    </div>
  );
}
