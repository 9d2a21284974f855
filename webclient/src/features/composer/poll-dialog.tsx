import { createSignal, Index } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { LONGEST_ANSWER, LONGEST_QUESTION, MOST_ANSWERS } from '../../model/polls';
import { useClient } from '../../store/context';
import type { RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { Button } from '../../ui/button';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { SwitchRow } from '../../ui/page';
import { toast } from '../../ui/toast';
import s from './poll-dialog.module.css';

/** A new poll: a question, its answers, and whether several may be chosen. A line is always there for one more. */
export function PollDialog(props: { roomId: RoomId; onClose: () => void }) {
  const { commands } = useClient();
  const [question, setQuestion] = createSignal('');
  const [lines, setLines] = createSignal<readonly string[]>(['', '']);
  const [several, setSeveral] = createSignal(false);
  const [hidden, setHidden] = createSignal(false);
  const [busy, setBusy] = createSignal(false);
  const answers = () =>
    lines()
      .map((line) => line.trim())
      .filter((line) => line !== '');
  const ready = () => question().trim() !== '' && answers().length >= 2 && !busy();
  const change = (at: number, text: string) => {
    const next = lines().map((line, index) => (index === at ? text : line));
    setLines(next.every((line) => line !== '') && next.length < MOST_ANSWERS ? [...next, ''] : next);
  };
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!ready()) return;
    setBusy(true);
    try {
      const most = several() ? answers().length : 1;
      await commands.createPoll(props.roomId, { question: question(), answers: answers(), most, hidden: hidden() });
      props.onClose();
    } catch (error) {
      toast(errorText(errorInfo(error)));
      setBusy(false);
    }
  };
  return (
    <Dialog title={t('poll-new')} onClose={props.onClose} testid="poll-dialog">
      <form class={s.form} onSubmit={(event) => void send(event)}>
        <Field
          label={t('poll-question')}
          value={question()}
          maxLength={LONGEST_QUESTION}
          autofocus
          data-testid="poll-new-question"
          onInput={(event) => setQuestion(event.currentTarget.value)}
        />
        <div class={s.answers}>
          <Index each={lines()}>
            {(line, at) => (
              <Field
                label={t('poll-answer', { number: at + 1 })}
                value={line()}
                maxLength={LONGEST_ANSWER}
                data-testid="poll-new-answer"
                onInput={(event) => change(at, event.currentTarget.value)}
              />
            )}
          </Index>
        </div>
        <SwitchRow text={t('poll-several')} on={several()} onChange={setSeveral} testid="poll-several" />
        <SwitchRow
          text={t('poll-hide')}
          sub={t('poll-hide-hint')}
          on={hidden()}
          onChange={setHidden}
          testid="poll-hide"
        />
        <DialogButtons>
          <Button onClick={props.onClose}>{t('composer-cancel')}</Button>
          <Button type="submit" disabled={!ready()} busy={busy()} data-testid="poll-send">
            {t('composer-send')}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}
