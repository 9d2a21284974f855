import { createSignal } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import { errorInfo } from '../../store/errors';
import { type Reporting, setReporting } from '../../store/messages-ui';
import { nameOf } from '../../store/people';
import { Button } from '../../ui/button';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { SwitchRow } from '../../ui/page';
import { toast } from '../../ui/toast';

/** Tells the administrators of a message, with a reason; and blocks who wrote it, if that is wanted. */
export function ReportDialog(props: { of: Reporting }) {
  const { state, commands } = useClient();
  const [reason, setReason] = createSignal('');
  const [block, setBlock] = createSignal(false);
  const [error, setError] = createSignal<string>();
  const close = () => setReporting(undefined);
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    const { roomId, eventId, sender } = props.of;
    try {
      await commands.reportMessage(roomId, eventId, reason().trim());
      if (block()) await commands.setBlocked(sender, true);
      toast(t('person-reported'));
      close();
    } catch (failure) {
      setError(errorText(errorInfo(failure)));
    }
  };
  return (
    <Dialog title={t('message-report')} onClose={close} testid="report-dialog">
      <form onSubmit={(event) => void send(event)}>
        <Field
          label={t('removal-reason')}
          value={reason()}
          maxLength={250}
          error={error()}
          onInput={(event) => setReason(event.currentTarget.value)}
          data-testid="report-reason"
        />
        <SwitchRow
          text={t('message-report-block', { name: nameOf(state, props.of.roomId, props.of.sender) })}
          on={block()}
          onChange={setBlock}
          testid="report-block"
        />
        <DialogButtons>
          <Button onClick={close}>{t('new-cancel')}</Button>
          <Button type="submit" kind="danger" data-testid="report-send">
            {t('person-report')}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}
