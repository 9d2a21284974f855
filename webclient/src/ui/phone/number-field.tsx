import { t } from '../../i18n';
import { Field } from '../field';
import { CountryField } from './country-field';
import { inCountry, type Typed, understand } from './numbers';

type NumberFieldProps = { typed: Typed; onTyped: (typed: Typed) => void; error: string | undefined };

/** A country and a number in it, which is written as one writes it there while it is being typed. */
export function NumberField(props: NumberFieldProps) {
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
    <>
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
    </>
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
