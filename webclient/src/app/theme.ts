/** Light, dark, or as the system says; more contrast when the system asks for it. */
import { createEffect, createSignal } from 'solid-js';

export type Theme = 'auto' | 'light' | 'dark';

const stored = 'hearth.theme';
const systemDark = matchMedia('(prefers-color-scheme: dark)');
const systemContrast = matchMedia('(prefers-contrast: more)');

const kept = localStorage.getItem(stored);
const [theme, setThemeSignal] = createSignal<Theme>(kept === 'light' || kept === 'dark' ? kept : 'auto');
const [dark, setDark] = createSignal(systemDark.matches);
const [contrast, setContrast] = createSignal(systemContrast.matches);

export { theme };

/** Whether the page is dark now. */
export const isDark = (): boolean => (theme() === 'auto' ? dark() : theme() === 'dark');

export function setTheme(next: Theme): void {
  setThemeSignal(next);
  localStorage.setItem(stored, next);
}

/** Keep the page's attributes in step with the choice and the system. Call once, under an owner. */
export function startTheme(): void {
  systemDark.addEventListener('change', () => setDark(systemDark.matches));
  systemContrast.addEventListener('change', () => setContrast(systemContrast.matches));
  createEffect(() => {
    const root = document.documentElement;
    root.dataset.theme = isDark() ? 'dark' : 'light';
    root.dataset.contrast = contrast() ? 'more' : 'normal';
    const bar = document.querySelector<HTMLMetaElement>('meta[name=theme-color]');
    if (bar) bar.content = isDark() ? '#212121' : '#ffffff';
  });
}
