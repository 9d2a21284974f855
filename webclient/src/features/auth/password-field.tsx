import { createSignal, Show } from 'solid-js';
import { t } from '../../i18n';
import { IconButton } from '../../ui/button';
import { Field } from '../../ui/field';
import s from './auth.module.css';
import { type Strength, strengthOf } from './strength';

const words: Record<
  Strength,
  'auth-strength-weak' | 'auth-strength-fair' | 'auth-strength-good' | 'auth-strength-strong'
> = {
  1: 'auth-strength-weak',
  2: 'auth-strength-fair',
  3: 'auth-strength-good',
  4: 'auth-strength-strong',
};

type PasswordFieldProps = {
  value: string;
  onInput: (value: string) => void;
  error?: string | undefined;
  /** Being chosen now: shows how strong it is. */
  fresh?: boolean;
};

/** A password with an eye to look at it and a word when Caps Lock is on. */
export function PasswordField(props: PasswordFieldProps) {
  const [shown, setShown] = createSignal(false);
  const [caps, setCaps] = createSignal(false);
  const strength = () => (props.fresh && props.value ? strengthOf(props.value) : undefined);
  const note = () => {
    if (caps()) return t('auth-caps-lock');
    const now = strength();
    return now ? t(words[now]) : undefined;
  };
  return (
    <div class={s.password}>
      <Field
        label={t('auth-password')}
        type={shown() ? 'text' : 'password'}
        name="password"
        autocomplete={props.fresh ? 'new-password' : 'current-password'}
        value={props.value}
        error={props.error}
        hint={note()}
        required
        onInput={(event) => props.onInput(event.currentTarget.value)}
        onKeyUp={(event) => setCaps(event.getModifierState('CapsLock'))}
        data-testid="password"
        trailing={
          <IconButton
            icon={shown() ? 'eye-off' : 'eye'}
            label={t(shown() ? 'auth-hide-password' : 'auth-show-password')}
            onClick={() => setShown(!shown())}
            data-testid="show-password"
          />
        }
      />
      <Show when={strength()}>
        {(now) => <div class={s.strength} data-strength={now()} data-testid="strength" aria-hidden="true" />}
      </Show>
    </div>
  );
}
