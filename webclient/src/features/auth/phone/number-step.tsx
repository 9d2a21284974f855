import { Show } from 'solid-js';
import { t } from '../../../i18n';
import { Button } from '../../../ui/button';
import { Field } from '../../../ui/field';
import s from '../auth.module.css';
import { CountryField } from './country-field';
import { inCountry, isPlausible, type Typed, understand } from './numbers';
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
  const type = (input: HTMLInputElement) => {
    const typed = understand(input.value, props.typed.country);
    const caret = input.selectionStart ?? input.value.length;
    const stays = input.value.startsWith('+') && caret < input.value.length;
    const digits = input.value.slice(0, caret).replace(/\D/g, '').length;
    props.onTyped(typed);
    input.value = typed.text;
    const next = stays ? afterDigits(typed.text, digits) : typed.text.length;
    input.setSelectionRange(next, next);
  };
  return (
    <Step
      name="number"
      title={t('auth-sign-in-title', { server: props.server })}
      hint={t('phone-number-hint')}
      back={props.back}
      submit={() => isPlausible(props.typed) && props.submit()}
    >
      <CountryField
        value={props.typed.country}
        onChange={(country) => props.onTyped(inCountry(props.typed.national, country))}
      />
      <div data-first>
        <Field
          label={t('phone-number')}
          type="tel"
          inputmode="tel"
          autocomplete="tel"
          value={props.typed.text}
          error={props.error}
          onInput={(event) => type(event.currentTarget)}
          onFocus={(event) => {
            const end = event.currentTarget.value.length;
            if (props.typed.national === '') event.currentTarget.setSelectionRange(end, end);
          }}
          data-testid="number"
        />
      </div>
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

/** Where so many digits of the text end. */
function afterDigits(text: string, count: number): number {
  let at = 0;
  for (let seen = 0; seen < count && at < text.length; at += 1) {
    if (/\d/.test(text.charAt(at))) seen += 1;
  }
  return Math.max(at, 1);
}
