import { createSignal, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { Privacy } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { closeLeft, hasFeature, openLeft } from '../../store/pages';
import { Button } from '../../ui/button';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { Page, PageRow, Section, SwitchRow } from '../../ui/page';
import { toast } from '../../ui/toast';
import s from './settings.module.css';

/** What others learn of me, and who reaches me. */
export function PrivacyPage() {
  const { state, commands } = useClient();
  const [changing, setChanging] = createSignal(false);
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
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
          text={t('privacy-password')}
          onClick={() => setChanging(true)}
          testid="open-password"
        />
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
      <Show when={changing()}>
        <PasswordDialog onClose={() => setChanging(false)} />
      </Show>
    </Page>
  );
}

const shortest = 8;

function PasswordDialog(props: { onClose: () => void }) {
  const { commands } = useClient();
  const [old, setOld] = createSignal('');
  const [fresh, setFresh] = createSignal('');
  const [error, setError] = createSignal<string>();
  const [busy, setBusy] = createSignal(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await commands.changePassword({ password: old() }, fresh());
      props.onClose();
      toast(t('settings-saved'));
    } catch (failure) {
      setError(errorText(errorInfo(failure), true));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title={t('privacy-password')} onClose={props.onClose} testid="password-dialog">
      <form class={s.form} onSubmit={(event) => void submit(event)}>
        <Field
          label={t('privacy-password-old')}
          type="password"
          autocomplete="current-password"
          value={old()}
          error={error()}
          onInput={(event) => setOld(event.currentTarget.value)}
          data-testid="old-password"
        />
        <Field
          label={t('privacy-password-new')}
          type="password"
          autocomplete="new-password"
          value={fresh()}
          hint={t('auth-password-short')}
          onInput={(event) => setFresh(event.currentTarget.value)}
          data-testid="new-password"
        />
        <DialogButtons>
          <Button onClick={() => props.onClose()}>{t('new-cancel')}</Button>
          <Button
            type="submit"
            disabled={old() === '' || fresh().length < shortest || busy()}
            busy={busy()}
            data-testid="password-submit"
          >
            {t('info-save')}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}
