import { createSignal, onCleanup } from 'solid-js';
import { t } from '../../../i18n';
import { Button, IconButton } from '../../../ui/button';
import { Field } from '../../../ui/field';
import s from '../auth.module.css';
import p from './phone.module.css';
import { Step } from './step';

const digits = 6;

type CodeStepProps = {
  number: string;
  back: boolean;
  error: string | undefined;
  busy: boolean;
  /** When another code may be asked for, ms since the epoch. */
  resendAt: number;
  /** Somebody types again. */
  onInput: () => void;
  /** Gives the code; the field is empty after it. */
  submit: (code: string) => Promise<void>;
  resend: () => void;
  edit: () => void;
};

/** Second step: the digits of the message; they are sent as soon as all are there. */
export function CodeStep(props: CodeStepProps) {
  const [code, setCode] = createSignal('');
  const [now, setNow] = createSignal(Date.now());
  const clock = setInterval(() => setNow(Date.now()), 1000);
  onCleanup(() => clearInterval(clock));
  const left = () => Math.max(0, Math.ceil((props.resendAt - now()) / 1000));
  const submit = async () => {
    if (code().length < digits || props.busy) return;
    await props.submit(code());
    setCode('');
  };
  const type = (input: HTMLInputElement) => {
    if (!props.busy) {
      setCode(input.value.replace(/\D/g, '').slice(0, digits));
      props.onInput();
    }
    input.value = code();
    void submit();
  };
  return (
    <Step name="code" title={props.number} hint={t('phone-code-hint')} back={props.back} submit={() => void submit()}>
      <IconButton
        icon="pencil"
        label={t('phone-edit')}
        class={p.edit}
        onClick={() => props.edit()}
        data-testid="edit-number"
      />
      <div class={p.code} data-first>
        <Field
          label={t('phone-code')}
          inputmode="numeric"
          autocomplete="one-time-code"
          value={code()}
          error={props.error}
          aria-busy={props.busy}
          onInput={(event) => type(event.currentTarget)}
          data-testid="code"
        />
      </div>
      <div class={s.buttons}>
        <Button disabled={left() > 0 || props.busy} onClick={() => props.resend()} data-testid="resend">
          {left() > 0 ? t('phone-resend-in', { seconds: left() }) : t('phone-resend')}
        </Button>
      </div>
    </Step>
  );
}
