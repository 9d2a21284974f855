import { createSignal, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { ServerInfo } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { Button } from '../../ui/button';
import { Field } from '../../ui/field';
import s from './auth.module.css';
import { CardHead } from './card-head';
import { PasswordField } from './password-field';

type SignInProps = {
  server: ServerInfo | null;
  /** Name of a server that was chosen by hand. */
  chosen: string | null;
  /** Whose password is asked for again, after the server ended the session. */
  again: string | undefined;
  signUp: (() => void) | undefined;
  byPhone: (() => void) | undefined;
};

/** Name and password of an account that exists. */
export function SignIn(props: SignInProps) {
  const { state, commands } = useClient();
  const [user, setUser] = createSignal('');
  const [password, setPassword] = createSignal('');
  const [error, setError] = createSignal<string>();
  const [busy, setBusy] = createSignal(false);
  const name = () => props.again ?? user().trim();

  const hint = () => {
    if (props.server?.passwordLogin === false) return 'auth-no-password';
    const { session } = state;
    return props.again || (session.phase === 'signedOut' && session.expired) ? 'auth-expired' : 'auth-sign-in-hint';
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!name() || !password() || busy()) return;
    setBusy(true);
    setError(undefined);
    try {
      const server = name().startsWith('@') && !props.again ? null : props.chosen;
      await commands.login({ server, user: name(), password: password() });
    } catch (failure) {
      const info = errorInfo(failure);
      const lost = info.errcode === 'NO_SERVER';
      setError(lost ? t('error-not-a-server', { server: props.chosen ?? name() }) : errorText(info, true));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class={s.form} onSubmit={(event) => void submit(event)} data-testid="sign-in">
      <CardHead title={t('auth-sign-in-title', { server: props.server?.name ?? t('app-name') })} hint={t(hint())} />
      <Show
        when={props.again}
        fallback={
          <Field
            label={t('auth-name-or-address')}
            name="username"
            autocomplete="username"
            autocapitalize="off"
            spellcheck={false}
            required
            value={user()}
            onInput={(event) => setUser(event.currentTarget.value)}
            data-testid="username"
          />
        }
      >
        {(userId) => (
          <p class={s.again} data-testid="again">
            {userId()}
          </p>
        )}
      </Show>
      <PasswordField value={password()} onInput={setPassword} error={error()} />
      <div class={s.buttons}>
        <Button
          kind="primary"
          type="submit"
          disabled={!name() || !password() || busy()}
          busy={busy()}
          data-testid="submit"
        >
          {t('auth-sign-in')}
        </Button>
        <Show when={props.signUp && !props.again}>
          <Button kind="light" onClick={() => props.signUp?.()} data-testid="to-sign-up">
            {t('auth-to-sign-up')}
          </Button>
        </Show>
        <Show when={props.byPhone}>
          {(byPhone) => (
            <Button kind="light" onClick={() => byPhone()()} data-testid="by-phone">
              {t('auth-by-phone')}
            </Button>
          )}
        </Show>
      </div>
    </form>
  );
}
