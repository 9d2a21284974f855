import { Show } from 'solid-js';
import { t } from '../../i18n';
import { useClient } from '../../store/context';
import { closeLeft, hasFeature, openLeft } from '../../store/pages';
import { me } from '../../store/people';
import { Avatar } from '../../ui/avatar';
import { IconButton } from '../../ui/button';
import { Page, PageRow, Section } from '../../ui/page';
import s from './settings.module.css';

/** The first page of the settings: who I am, and where everything else is. */
export function SettingsPage() {
  const { state } = useClient();
  const user = () => state.users[me(state)];
  return (
    <Page
      title={t('settings-title')}
      onBack={closeLeft}
      backLabel={t('page-back')}
      testid="settings"
      actions={
        <IconButton
          icon="pencil"
          label={t('settings-edit-profile')}
          onClick={() => openLeft('profile')}
          data-testid="settings-edit"
        />
      }
    >
      <div class={s.profile}>
        <Avatar id={me(state)} name={user()?.name ?? ''} photo={user()?.avatar} size={120} testid="settings-avatar" />
        <p class={s.name} data-testid="settings-name">
          {user()?.name}
        </p>
        <p class={s.address}>{me(state)}</p>
      </div>
      <Section>
        <PageRow
          icon="bell"
          text={t('settings-notifications')}
          onClick={() => openLeft('notifications')}
          testid="open-notifications"
        />
        <Show when={hasFeature('login.sms')}>
          <PageRow icon="phone" text={t('phone-settings')} onClick={() => openLeft('phone')} testid="open-phone" />
        </Show>
        <PageRow icon="lock" text={t('settings-privacy')} onClick={() => openLeft('privacy')} testid="open-privacy" />
        <PageRow
          icon="monitor-smartphone"
          text={t('settings-sessions')}
          onClick={() => openLeft('sessions')}
          testid="open-sessions"
        />
        <PageRow
          icon="palette"
          text={t('settings-appearance')}
          onClick={() => openLeft('appearance')}
          testid="open-appearance"
        />
        <PageRow icon="folder" text={t('settings-folders')} onClick={() => openLeft('folders')} testid="open-folders" />
        <PageRow
          icon="languages"
          text={t('settings-language')}
          onClick={() => openLeft('language')}
          testid="open-language"
        />
        <PageRow
          icon="hard-drive"
          text={t('settings-storage')}
          onClick={() => openLeft('storage')}
          testid="open-storage"
        />
        <PageRow
          icon="keyboard"
          text={t('settings-keyboard')}
          onClick={() => openLeft('keyboard')}
          testid="open-keyboard"
        />
      </Section>
    </Page>
  );
}
