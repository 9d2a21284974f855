import { mayMove } from './motion';
import s from './ripple.module.css';

/** Draw the circle that spreads from the pointer over a pressed surface. Use as `onPointerDown={ripple}`. */
export function ripple(event: PointerEvent & { currentTarget: HTMLElement }): void {
  if (event.button !== 0 || !mayMove()) return;
  const surface = event.currentTarget;
  const box = surface.getBoundingClientRect();
  const clip = document.createElement('span');
  const wave = document.createElement('span');
  clip.className = s.clip ?? '';
  wave.className = s.wave ?? '';
  wave.style.setProperty('--size', `${2 * Math.hypot(box.width, box.height)}px`);
  wave.style.setProperty('--x', `${event.clientX - box.left}px`);
  wave.style.setProperty('--y', `${event.clientY - box.top}px`);
  clip.append(wave);
  surface.append(clip);
  wave.addEventListener('animationend', () => clip.remove());
}
