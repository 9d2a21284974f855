import { createSignal } from 'solid-js';
import { t } from '../../../i18n';
import { IconButton } from '../../../ui/button';
import { CodeField, Resend } from '../../../ui/phone/code-field';
import s from '../auth.module.css';
import { Step } from './step';

type CodeStepProps = {
  number: string;
  back: boolean;
  error: string | undefined;
  busy: boolean;
  /** When another code may be asked for, ms since the epoch. */
  resendAt: number;
  /** Somebody types again. */
  onInput: () => void;
  submit: (code: string) => Promise<void>;
  resend: () => void;
  edit: () => void;
};

/** Second step: the digits of the message; they are sent as soon as all are there. */
export function CodeStep(props: CodeStepProps) {
  const [code, setCode] = createSignal('');
  return (
    <Step
      name="code"
      title={props.number}
      hint={t('phone-code-hint')}
      back={props.back}
      submit={() => undefined}
      action={
        <IconButton icon="pencil" label={t('phone-edit')} onClick={() => props.edit()} data-testid="edit-number" />
      }
    >
      <CodeField
        value={code()}
        onValue={setCode}
        error={props.error}
        busy={props.busy}
        onInput={() => props.onInput()}
        submit={(given) => props.submit(given)}
      />
      <div class={s.buttons}>
        <Resend at={props.resendAt} busy={props.busy} resend={() => props.resend()} />
      </div>
    </Step>
  );
}
