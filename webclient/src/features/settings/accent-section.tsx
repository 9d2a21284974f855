import { For } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { type Accent, accentNames, accents } from '../../model/accents';
import { useClient } from '../../store/context';
import { errorInfo } from '../../store/errors';
import { isDark } from '../../store/look';
import { Section } from '../../ui/page';
import { toast } from '../../ui/toast';
import s from './accent-section.module.css';

const choices: readonly Accent[] = ['theme', ...accentNames];
/** What the themes have of themselves. */
const ofThemes = { day: '#3390ec', night: '#8774e1' } as const;

/** The colour of what is chosen, linked or counted. */
export function AccentSection() {
  const { state, commands } = useClient();
  const theme = () => (isDark() ? 'night' : 'day');
  const tone = (name: Accent) => (name === 'theme' ? ofThemes : accents[name])[theme()];
  const choose = (accent: Accent) =>
    void commands
      .setSettings({ ...state.own.settings, accent })
      .catch((error: unknown) => toast(errorText(errorInfo(error))));
  return (
    <Section caption={t('accent-title')}>
      <div class={s.row} role="radiogroup" aria-label={t('accent-title')}>
        <For each={choices}>
          {(name) => (
            <label class={s.choice} data-testid={`accent-${name}`}>
              <input
                type="radio"
                name="accent"
                class="visually-hidden"
                checked={state.own.settings.accent === name}
                aria-label={t(`accent-${name}`)}
                onChange={() => choose(name)}
              />
              <span class={s.dot} style={{ '--dot': tone(name) }} />
            </label>
          )}
        </For>
      </div>
    </Section>
  );
}
