/** The rows of a menu that change how the page looks. */
import { language, languages, setLanguage, t } from '../i18n';
import { isDark, setTheme, theme } from '../store/look';
import type { MenuItem } from '../ui/menu';

/** Night mode, the system's choice, and the other languages: also before anyone is signed in. */
export function lookItems(): MenuItem[] {
  const auto = theme() === 'auto';
  const others = languages.filter((one) => one.code !== language());
  return [
    {
      id: 'night',
      label: t('menu-night'),
      icon: 'moon',
      on: isDark(),
      select: () => setTheme(isDark() ? 'light' : 'dark'),
    },
    {
      id: 'auto',
      label: t('menu-theme-auto'),
      icon: 'sun',
      on: auto,
      select: () => setTheme(auto ? (isDark() ? 'dark' : 'light') : 'auto'),
    },
    ...others.map(
      (one): MenuItem => ({
        id: `language-${one.code}`,
        label: one.name,
        icon: 'languages',
        select: () => void setLanguage(one.code),
      }),
    ),
  ];
}
