import { createEffect, createSignal, onCleanup, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { RegisterOutcome, ServerInfo } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { Button } from '../../ui/button';
import { Field } from '../../ui/field';
import s from './auth.module.css';
import { CardHead } from './card-head';
import { PasswordField } from './password-field';

const pause_ms = 400;
const shortest = 8;
const allowed = /^[a-z0-9._=\-/+]+$/;

type SignUpProps = { server: ServerInfo; chosen: string | null; signIn: () => void };

/** A new account by name and password, with an invitation code where the server wants one. */
export function SignUp(props: SignUpProps) {
  const { commands } = useClient();
  const [name, setName] = createSignal('');
  const [password, setPassword] = createSignal('');
  const [token, setToken] = createSignal('');
  const [needsToken, setNeedsToken] = createSignal(props.server.registration === 'token');
  const [nameError, setNameError] = createSignal<string>();
  const [free, setFree] = createSignal(false);
  const [error, setError] = createSignal<string>();
  const [busy, setBusy] = createSignal(false);

  createEffect(() => {
    const wanted = name().trim();
    setFree(false);
    setNameError(wanted && !allowed.test(wanted) ? t('auth-name-invalid') : undefined);
    if (!wanted || !allowed.test(wanted)) return;
    let current = true;
    const timer = setTimeout(() => {
      commands.usernameAvailable(props.chosen, wanted).then(
        (available) => {
          if (!current) return;
          setFree(available);
          setNameError(available ? undefined : t('auth-name-taken'));
        },
        (failure: unknown) => current && setNameError(errorText(errorInfo(failure))),
      );
    }, pause_ms);
    onCleanup(() => {
      current = false;
      clearTimeout(timer);
    });
  });

  const ready = () =>
    name().trim() && !nameError() && password().length >= shortest && (!needsToken() || token().trim());
  const explain = (outcome: Extract<RegisterOutcome, { done: false }>) => {
    if (outcome.needs === 'unsupported') return t('error-registration-closed');
    setNeedsToken(true);
    return outcome.needs === 'wrongToken' ? t('auth-token-wrong') : t('auth-token-hint');
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!ready() || busy()) return;
    setBusy(true);
    setError(undefined);
    try {
      const code = token().trim();
      const outcome = await commands.register({
        server: props.chosen,
        username: name().trim(),
        password: password(),
        ...(code ? { token: code } : {}),
      });
      if (!outcome.done) setError(explain(outcome));
    } catch (failure) {
      const info = errorInfo(failure);
      setError(info.errcode === 'M_FORBIDDEN' ? t('error-registration-closed') : errorText(info));
    } finally {
      setBusy(false);
    }
  };
  const passwordNote = () => {
    if (!needsToken() && error()) return error();
    return password() && password().length < shortest ? t('auth-password-short') : undefined;
  };
  return (
    <form class={s.form} onSubmit={(event) => void submit(event)} data-testid="sign-up">
      <CardHead
        title={t('auth-sign-up-title')}
        hint={t('auth-sign-up-hint', { address: `@${name().trim() || '…'}:${props.server.name}` })}
      />
      <Field
        label={t('auth-name')}
        name="username"
        autocomplete="username"
        autocapitalize="off"
        spellcheck={false}
        required
        value={name()}
        error={nameError()}
        hint={free() ? t('auth-name-free') : undefined}
        onInput={(event) => setName(event.currentTarget.value.toLowerCase())}
        data-testid="username"
      />
      <PasswordField value={password()} onInput={setPassword} error={passwordNote()} fresh />
      <Show when={needsToken()}>
        <Field
          label={t('auth-token')}
          name="token"
          autocomplete="off"
          spellcheck={false}
          required
          value={token()}
          error={error()}
          hint={t('auth-token-hint')}
          onInput={(event) => setToken(event.currentTarget.value)}
          data-testid="token"
        />
      </Show>
      <div class={s.buttons}>
        <Button kind="primary" type="submit" disabled={!ready() || busy()} busy={busy()} data-testid="submit">
          {t('auth-sign-up')}
        </Button>
        <Button kind="light" onClick={() => props.signIn()} data-testid="to-sign-in">
          {t('auth-to-sign-in')}
        </Button>
      </div>
    </form>
  );
}
