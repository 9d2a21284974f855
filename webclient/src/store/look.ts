/** How the page looks: light, dark or as the system says; more contrast; the size of what is read. */
import { createEffect, createSignal } from 'solid-js';
import { type Accent, accentFrom, accents } from '../model/accents';

export type Theme = 'auto' | 'light' | 'dark';
export type Contrast = 'auto' | 'more';

const stored = {
  theme: 'hearth.theme',
  contrast: 'hearth.contrast',
  size: 'hearth.text-size',
  calm: 'hearth.calm',
  accent: 'hearth.accent',
};
const systemDark = matchMedia('(prefers-color-scheme: dark)');
const systemContrast = matchMedia('(prefers-contrast: more)');

export const smallest_px = 12;
export const largest_px = 20;
const usual_px = 16;

const keptTheme = localStorage.getItem(stored.theme);
const keptSize = Number(localStorage.getItem(stored.size));
const [theme, setThemeSignal] = createSignal<Theme>(keptTheme === 'light' || keptTheme === 'dark' ? keptTheme : 'auto');
const [contrast, setContrastSignal] = createSignal<Contrast>(
  localStorage.getItem(stored.contrast) === 'more' ? 'more' : 'auto',
);
const [textSize, setTextSizeSignal] = createSignal(
  keptSize >= smallest_px && keptSize <= largest_px ? keptSize : usual_px,
);
const [calm, setCalmSignal] = createSignal(localStorage.getItem(stored.calm) === 'yes');
const [accent, setAccent] = createSignal(accentFrom(localStorage.getItem(stored.accent)));
const [dark, setDark] = createSignal(systemDark.matches);
const [wantsContrast, setWantsContrast] = createSignal(systemContrast.matches);

export { calm, contrast, textSize, theme };

/** Whether the page is dark now. */
export const isDark = (): boolean => (theme() === 'auto' ? dark() : theme() === 'dark');

export function setTheme(next: Theme): void {
  setThemeSignal(next);
  localStorage.setItem(stored.theme, next);
}

export function setContrast(next: Contrast): void {
  setContrastSignal(next);
  localStorage.setItem(stored.contrast, next);
}

/** px of the text of messages. */
export function setTextSize(next: number): void {
  setTextSizeSignal(next);
  localStorage.setItem(stored.size, String(next));
}

/** Less movement, whatever the system says. */
export function setCalm(next: boolean): void {
  setCalmSignal(next);
  localStorage.setItem(stored.calm, next ? 'yes' : 'no');
}

/** Take the colour that the account has; this device keeps it, so that the page has it from the start. */
export function wearAccent(next: Accent): void {
  setAccent(next);
  localStorage.setItem(stored.accent, next);
}

/** Keep the page's attributes in step with the choice and the system. Call once, under an owner. */
export function startLook(): void {
  systemDark.addEventListener('change', () => setDark(systemDark.matches));
  systemContrast.addEventListener('change', () => setWantsContrast(systemContrast.matches));
  createEffect(() => {
    const root = document.documentElement;
    root.dataset.theme = isDark() ? 'dark' : 'light';
    root.dataset.contrast = contrast() === 'more' || wantsContrast() ? 'more' : 'normal';
    root.dataset.motion = calm() ? 'less' : 'normal';
    const tone = accent();
    if (tone === 'theme') {
      delete root.dataset.accent;
      root.style.removeProperty('--tone');
    } else {
      root.dataset.accent = tone;
      root.style.setProperty('--tone', accents[tone][isDark() ? 'night' : 'day']);
      root.style.setProperty('--tone-deep', accents[tone].day);
    }
    if (textSize() === usual_px) root.style.removeProperty('--msg-size');
    else root.style.setProperty('--msg-size', `${textSize()}px`);
    const bar = document.querySelector<HTMLMetaElement>('meta[name=theme-color]');
    if (bar) bar.content = isDark() ? '#212121' : '#ffffff';
  });
}
