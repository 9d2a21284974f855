import { createSignal } from 'solid-js';
import { t } from '../../i18n';
import { useClient } from '../../store/context';
import type { Confirmation, OwnPhone } from '../../store/contract';
import { Dialog } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { toast } from '../../ui/toast';
import { Confirm } from './confirm';

const shortest = 8;

type PasswordDialogProps = {
  /** How I can show that it is me. */
  own: OwnPhone;
  onClose: () => void;
  /** Runs with the new password, which is mine already. */
  done?: (password: string) => Promise<void>;
};

/** Another password, or the first one. */
export function PasswordDialog(props: PasswordDialogProps) {
  const { commands } = useClient();
  const [fresh, setFresh] = createSignal('');
  const title = () => t(props.own.hasPassword ? 'privacy-password' : 'phone-set-password');
  const act = async (confirmation: Confirmation) => {
    await commands.changePassword(confirmation, fresh());
    await props.done?.(fresh());
    props.onClose();
    toast(t('settings-saved'));
  };
  return (
    <Dialog title={title()} onClose={props.onClose} testid="password-dialog">
      <Confirm own={props.own} ready={fresh().length >= shortest} yes={t('info-save')} act={act} cancel={props.onClose}>
        <Field
          label={t('privacy-password-new')}
          type="password"
          autocomplete="new-password"
          value={fresh()}
          hint={t('auth-password-short')}
          onInput={(event) => setFresh(event.currentTarget.value)}
          data-testid="new-password"
        />
      </Confirm>
    </Dialog>
  );
}
