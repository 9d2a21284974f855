import { createSignal, Show } from 'solid-js';
import { t } from '../../../i18n';
import { Button } from '../../../ui/button';
import s from '../auth.module.css';
import { PasswordField } from '../password-field';
import { Step } from './step';

type PasswordStepProps = {
  /** Nobody used the account for long: it may be of who had the number before. */
  idle: boolean;
  error: string | undefined;
  busy: boolean;
  submit: (password: string) => void;
  notMine: () => void;
};

/** Third step, for an account that wants its password too. */
export function PasswordStep(props: PasswordStepProps) {
  const [password, setPassword] = createSignal('');
  const ready = () => password() !== '' && !props.busy;
  return (
    <Step
      name="password"
      title={t('phone-password-title')}
      hint={t(props.idle ? 'phone-password-idle' : 'phone-password-hint')}
      back={false}
      submit={() => ready() && props.submit(password())}
    >
      <div data-first>
        <PasswordField value={password()} onInput={setPassword} error={props.error} />
      </div>
      <div class={s.buttons}>
        <Button kind="primary" type="submit" disabled={!ready()} busy={props.busy} data-testid="submit">
          {t('auth-sign-in')}
        </Button>
        <Show when={props.idle}>
          <Button kind="light" disabled={props.busy} onClick={() => props.notMine()} data-testid="not-mine">
            {t('phone-not-mine')}
          </Button>
        </Show>
      </div>
    </Step>
  );
}
