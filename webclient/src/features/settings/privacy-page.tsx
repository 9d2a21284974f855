import { createResource, createSignal, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { Privacy } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { closeLeft, hasFeature, openLeft } from '../../store/pages';
import { Page, PageRow, Section, SwitchRow } from '../../ui/page';
import { toast } from '../../ui/toast';
import { CloseAccountDialog } from './close-account-dialog';
import { byPassword } from './confirm';
import { PasswordDialog } from './password-dialog';

/** What others learn of me, and who reaches me. */
export function PrivacyPage() {
  const { state, commands } = useClient();
  const [changing, setChanging] = createSignal(false);
  const [closing, setClosing] = createSignal(false);
  const [asked, { refetch }] = createResource(
    () => hasFeature('login.sms'),
    () => commands.ownPhone(),
  );
  const own = () => (asked.error ? undefined : asked.latest);
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
  const closeDialog = () => {
    setChanging(false);
    void refetch();
  };
  const privacy = () => state.own.privacy;
  const set = (part: Partial<Privacy>) => void commands.setPrivacy({ ...privacy(), ...part }).catch(tell);
  return (
    <Page title={t('settings-privacy')} onBack={closeLeft} backLabel={t('page-back')} testid="privacy">
      <Section>
        <PageRow
          icon="ban"
          text={t('privacy-blocked')}
          value={String(state.own.blocked.length)}
          onClick={() => openLeft('blocked')}
          testid="open-blocked"
        />
        <PageRow
          icon="key-round"
          text={t(own()?.hasPassword === false ? 'phone-set-password' : 'privacy-password')}
          onClick={() => setChanging(true)}
          testid="open-password"
        />
        <Show when={hasFeature('login.sms')}>
          <PageRow
            icon="shield-check"
            text={t('phone-second-factor')}
            onClick={() => openLeft('phone')}
            testid="open-second-factor"
          />
        </Show>
      </Section>
      <Section caption={t('privacy-others')} note={t('privacy-note')}>
        <Show when={hasFeature('privacy')}>
          <SwitchRow
            text={t('privacy-presence')}
            on={privacy().presence === 'everyone'}
            onChange={(on) => set({ presence: on ? 'everyone' : 'nobody' })}
            testid="privacy-presence"
          />
        </Show>
        <SwitchRow
          text={t('privacy-receipts')}
          on={privacy().receipts === 'everyone'}
          onChange={(on) => set({ receipts: on ? 'everyone' : 'private' })}
          testid="privacy-receipts"
        />
        <SwitchRow
          text={t('privacy-typing')}
          on={privacy().typing}
          onChange={(typing) => set({ typing })}
          testid="privacy-typing"
        />
        <SwitchRow
          text={t('privacy-invites')}
          on={privacy().invites === 'everyone'}
          onChange={(on) => set({ invites: on ? 'everyone' : 'nobody' })}
          testid="privacy-invites"
        />
      </Section>
      <Section note={t('privacy-links-note')}>
        <SwitchRow
          text={t('privacy-links')}
          on={state.own.settings.linkPreviews}
          onChange={(linkPreviews) => void commands.setSettings({ ...state.own.settings, linkPreviews }).catch(tell)}
          testid="privacy-links"
        />
      </Section>
      <Section>
        <PageRow
          icon="trash-2"
          text={t('close-account')}
          danger
          onClick={() => setClosing(true)}
          testid="open-close-account"
        />
      </Section>
      <Show when={closing()}>
        <CloseAccountDialog own={own() ?? byPassword} onClose={() => setClosing(false)} />
      </Show>
      <Show when={changing()}>
        <PasswordDialog own={own() ?? byPassword} onClose={closeDialog} />
      </Show>
    </Page>
  );
}
