import { createSignal, Show } from 'solid-js';
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

/** Tells the administrators of a message or a group, with a reason; and blocks who wrote it, if that is wanted. */
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
      if (eventId === null) await commands.reportRoom(roomId, reason().trim());
      else await commands.reportMessage(roomId, eventId, reason().trim());
      if (sender !== null && block()) await commands.setBlocked(sender, true);
      toast(t('person-reported'));
      close();
    } catch (failure) {
      setError(errorText(errorInfo(failure)));
    }
  };
  return (
    <Dialog
      title={t(props.of.eventId === null ? 'group-report' : 'message-report')}
      onClose={close}
      testid="report-dialog"
    >
      <form onSubmit={(event) => void send(event)}>
        <Field
          label={t('removal-reason')}
          value={reason()}
          maxLength={250}
          error={error()}
          onInput={(event) => setReason(event.currentTarget.value)}
          data-testid="report-reason"
        />
        <Show when={props.of.sender}>
          {(sender) => (
            <SwitchRow
              text={t('message-report-block', { name: nameOf(state, props.of.roomId, sender()) })}
              on={block()}
              onChange={setBlock}
              testid="report-block"
            />
          )}
        </Show>
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
