import { createSignal, For, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { type WallpaperChoice, wallpaperNames, wallpapers } from '../../model/wallpapers';
import { useClient } from '../../store/context';
import { errorInfo } from '../../store/errors';
import { isDark } from '../../store/look';
import { PageRow, Section } from '../../ui/page';
import { toast } from '../../ui/toast';
import s from './wallpaper-section.module.css';

/** What lies behind the messages of all chats. */
export function WallpaperSection() {
  const { state, commands } = useClient();
  return (
    <WallpaperChoices
      choice={state.own.settings.wallpaper}
      onChange={(wallpaper) => commands.setSettings({ ...state.own.settings, wallpaper })}
    />
  );
}

/** What lies behind messages: colours for the theme that is shown now, or a picture of one's own. */
export function WallpaperChoices(props: {
  choice: WallpaperChoice;
  /** Rejects like a command. */
  onChange: (next: WallpaperChoice) => Promise<void>;
}) {
  const { commands } = useClient();
  let input!: HTMLInputElement;
  const [busy, setBusy] = createSignal(false);
  const choice = () => props.choice;
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
  const change = (part: Partial<WallpaperChoice>) => props.onChange({ ...choice(), ...part }).catch(tell);
  const theme = () => (isDark() ? 'night' : 'day');
  const chosen = async () => {
    const file = input.files?.[0];
    input.value = '';
    if (!file) return;
    setBusy(true);
    try {
      await change({ image: await commands.uploadFile(file, 'wallpaper') });
    } catch (error) {
      tell(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Section caption={t('wallpaper-title')}>
      <div class={s.row} role="radiogroup" aria-label={t('wallpaper-title')}>
        <For each={wallpaperNames}>
          {(name, index) => (
            <label class={s.swatch} data-testid={`wallpaper-${name}`}>
              <input
                type="radio"
                name="wallpaper"
                class="visually-hidden"
                checked={choice().image === null && choice()[theme()] === name}
                aria-label={t('wallpaper-number', { number: index() + 1 })}
                onChange={() => void change({ [theme()]: name, image: null })}
              />
              <span
                class={s.colours}
                style={{
                  '--a': wallpapers[name][theme()][0],
                  '--b': wallpapers[name][theme()][1],
                  '--c': wallpapers[name][theme()][2],
                  '--d': wallpapers[name][theme()][3],
                }}
              />
            </label>
          )}
        </For>
      </div>
      <input
        ref={input}
        type="file"
        accept="image/*"
        class="visually-hidden"
        tabIndex={-1}
        aria-hidden="true"
        data-testid="wallpaper-input"
        onChange={() => void chosen()}
      />
      <PageRow
        icon="image"
        text={t('wallpaper-own')}
        disabled={busy()}
        onClick={() => input.click()}
        testid="wallpaper-own"
      />
      <Show when={choice().image !== null}>
        <PageRow
          icon="x"
          text={t('wallpaper-remove')}
          onClick={() => void change({ image: null })}
          testid="wallpaper-remove"
        />
      </Show>
    </Section>
  );
}
