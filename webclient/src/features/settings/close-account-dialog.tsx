import { createSignal } from 'solid-js';
import { t } from '../../i18n';
import { useClient } from '../../store/context';
import type { Confirmation, OwnPhone } from '../../store/contract';
import { closeAllLeft } from '../../store/pages';
import { me } from '../../store/people';
import { goTo } from '../../store/ui';
import { Dialog } from '../../ui/dialog';
import { SwitchRow } from '../../ui/page';
import { Confirm } from './confirm';
import s from './settings.module.css';

type CloseAccountProps = {
  /** How I can show that it is me. */
  own: OwnPhone;
  onClose: () => void;
};

/** The end of an account: what it means, whether what was written is to go too, and the proof that it is me. */
export function CloseAccountDialog(props: CloseAccountProps) {
  const { state, commands } = useClient();
  const [erase, setErase] = createSignal(false);
  const act = async (confirmation: Confirmation) => {
    await commands.closeAccount(confirmation, erase());
    goTo(null);
    closeAllLeft();
    // The server has ended the session: this forgets all of it here.
    await commands.logout();
  };
  return (
    <Dialog title={t('close-account')} onClose={props.onClose} testid="close-account">
      <Confirm own={props.own} yes={t('close-account-yes')} act={act} cancel={props.onClose}>
        <p class={s.hint}>{t('close-account-hint', { address: me(state) })}</p>
        <SwitchRow
          text={t('close-account-erase')}
          sub={t('close-account-erase-hint')}
          on={erase()}
          onChange={setErase}
          testid="close-account-erase"
        />
      </Confirm>
    </Dialog>
  );
}
