import { Show } from 'solid-js';
import { t } from '../../../i18n';
import { Button } from '../../../ui/button';
import { NumberField } from '../../../ui/phone/number-field';
import { isPlausible, type Typed } from '../../../ui/phone/numbers';
import s from '../auth.module.css';
import { Step } from './step';

type NumberStepProps = {
  server: string;
  back: boolean;
  typed: Typed;
  onTyped: (typed: Typed) => void;
  error: string | undefined;
  busy: boolean;
  submit: () => void;
  /** Absent where the server takes no passwords. */
  byName: (() => void) | undefined;
};

/** First step: country and number. */
export function NumberStep(props: NumberStepProps) {
  return (
    <Step
      name="number"
      title={t('auth-sign-in-title', { server: props.server })}
      hint={t('phone-number-hint')}
      back={props.back}
      submit={() => isPlausible(props.typed) && props.submit()}
    >
      <NumberField typed={props.typed} onTyped={(typed) => props.onTyped(typed)} error={props.error} />
      <div class={s.buttons}>
        <Button
          kind="primary"
          type="submit"
          disabled={!isPlausible(props.typed) || props.busy}
          busy={props.busy}
          data-testid="submit"
        >
          {t('page-next')}
        </Button>
        <Show when={props.byName}>
          {(byName) => (
            <Button kind="light" onClick={() => byName()()} data-testid="by-name">
              {t('auth-by-name')}
            </Button>
          )}
        </Show>
      </div>
    </Step>
  );
}
