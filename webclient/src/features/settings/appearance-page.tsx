import { t } from '../../i18n';
import { hours, setHours } from '../../i18n/dates';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import { errorInfo } from '../../store/errors';
import {
  calm,
  contrast,
  largest_px,
  setCalm,
  setContrast,
  setTextSize,
  setTheme,
  smallest_px,
  textSize,
  theme,
} from '../../store/look';
import { closeLeft } from '../../store/pages';
import { Choices, Page, Section, SwitchRow } from '../../ui/page';
import { toast } from '../../ui/toast';
import { AccentSection } from './accent-section';
import s from './settings.module.css';
import { TalkSection } from './talk-section';
import { WallpaperSection } from './wallpaper-section';

/** Light and dark, contrast, the size of text, movement. */
export function AppearancePage() {
  const { state, commands } = useClient();
  return (
    <Page title={t('settings-appearance')} onBack={closeLeft} backLabel={t('page-back')} testid="appearance-page">
      <Section caption={t('look-theme')}>
        <Choices
          label={t('look-theme')}
          choices={[
            { id: 'auto', text: t('menu-theme-auto') },
            { id: 'light', text: t('look-light') },
            { id: 'dark', text: t('look-dark') },
          ]}
          value={theme()}
          onChange={setTheme}
        />
      </Section>
      <Section note={t('look-contrast-note')}>
        <SwitchRow
          icon="contrast"
          text={t('look-contrast')}
          on={contrast() === 'more'}
          onChange={(on) => setContrast(on ? 'more' : 'auto')}
          testid="look-contrast"
        />
        <SwitchRow icon="leaf" text={t('look-calm')} on={calm()} onChange={setCalm} testid="look-calm" />
      </Section>
      <Section caption={t('look-hours')}>
        <Choices
          label={t('look-hours')}
          choices={[
            { id: '24', text: t('look-hours-24') },
            { id: '12', text: t('look-hours-12') },
          ]}
          value={hours() === 24 ? '24' : '12'}
          onChange={(id) => setHours(id === '24' ? 24 : 12)}
        />
      </Section>
      <Section caption={t('sending-title')}>
        <Choices
          label={t('sending-title')}
          choices={[
            { id: 'enter', text: t('sending-enter'), sub: t('sending-enter-hint') },
            { id: 'ctrl-enter', text: t('sending-ctrl-enter'), sub: t('sending-ctrl-enter-hint') },
          ]}
          value={state.own.settings.ctrlEnter ? 'ctrl-enter' : 'enter'}
          onChange={(id) => {
            const settings = { ...state.own.settings, ctrlEnter: id === 'ctrl-enter' };
            void commands.setSettings(settings).catch((error: unknown) => toast(errorText(errorInfo(error))));
          }}
        />
      </Section>
      <AccentSection />
      <WallpaperSection />
      <TalkSection />
      <Section caption={t('look-size')}>
        <label class={s.slider}>
          <span class="visually-hidden">{t('look-size')}</span>
          <input
            type="range"
            min={smallest_px}
            max={largest_px}
            step={1}
            value={textSize()}
            data-testid="text-size"
            style={{ '--part': `${((textSize() - smallest_px) / (largest_px - smallest_px)) * 100}%` }}
            onInput={(event) => setTextSize(Number(event.currentTarget.value))}
          />
          <output>{textSize()}</output>
        </label>
        <div class={s.sample} aria-hidden="true">
          <p class={s.bubble}>{t('look-sample')}</p>
        </div>
      </Section>
    </Page>
  );
}
