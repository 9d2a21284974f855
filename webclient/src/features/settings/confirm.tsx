import { createSignal, type JSX, Match, Show, Switch } from 'solid-js';
import { t } from '../../i18n';
import type { Confirmation, OwnNumber, OwnPhone } from '../../store/contract';
import { Button } from '../../ui/button';
import { DialogButtons } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { CodeField, Resend } from '../../ui/phone/code-field';
import { masked } from '../../ui/phone/numbers';
import { type CodeRequest, changeFailure, createCodeRequest } from './code-request';
import s from './settings.module.css';

/** Where nothing is known of numbers, people show who they are by their password. */
export const byPassword: OwnPhone = {
  numbers: [],
  hasPassword: true,
  secondFactor: false,
  discovery: { available: false, byNumber: 'nobody', invites: false },
  pendingChange: null,
};

type ConfirmProps = {
  own: OwnPhone;
  /** Which of my numbers the code goes to. */
  number?: OwnNumber | undefined;
  /** What else is asked for is there. */
  ready?: boolean;
  /** A code is not enough for this. */
  byPassword?: boolean;
  yes: string;
  /** Rejects when it was not allowed; that is told here. */
  act: (confirmation: Confirmation) => Promise<void>;
  cancel: () => void;
  children?: JSX.Element;
  /** Below the buttons. */
  foot?: JSX.Element;
};

/** The end of a form: the password, or a code to a number of mine, and then it is done. */
export function Confirm(props: ConfirmProps) {
  const number = () => props.number ?? props.own.numbers[0];
  const mayCode = () => number() !== undefined && !props.own.secondFactor && !props.byPassword;
  const [wished, setWished] = createSignal<'password' | 'code'>();
  const way = () => (mayCode() ? (wished() ?? (props.own.hasPassword ? 'password' : 'code')) : 'password');
  const [password, setPassword] = createSignal('');
  const [error, setError] = createSignal<string>();
  const [busy, setBusy] = createSignal(false);
  const code = createCodeRequest('confirm');
  const ask = () => void code.send({ number: `+${number()?.address}`, country: '' });
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (way() === 'code' || password() === '' || props.ready === false || busy()) return;
    setBusy(true);
    setError(undefined);
    try {
      await props.act({ password: password() });
    } catch (failure) {
      setError(changeFailure(failure));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class={s.steps} onSubmit={(event) => void submit(event)}>
      {props.children}
      <Switch>
        <Match when={way() === 'password'}>
          <Field
            label={t('auth-password')}
            type="password"
            autocomplete="current-password"
            value={password()}
            error={error()}
            onInput={(event) => setPassword(event.currentTarget.value)}
            data-testid="confirm-password"
          />
        </Match>
        <Match when={code.sent()}>
          <GiveCode of={code} proven={(proof) => props.act(proof)} again={ask} />
        </Match>
        <Match when={true}>
          <p class={s.hint}>{t('phone-confirm-code', { number: masked(number()?.shown ?? '') })}</p>
          <p class={s.failure} role="alert">
            {code.error()}
          </p>
        </Match>
      </Switch>
      <DialogButtons>
        <Show when={mayCode() && props.own.hasPassword}>
          <Button onClick={() => setWished(way() === 'password' ? 'code' : 'password')} data-testid="confirm-other-way">
            {t(way() === 'password' ? 'phone-use-code' : 'phone-use-password')}
          </Button>
        </Show>
        <Button onClick={() => props.cancel()}>{t('new-cancel')}</Button>
        <Switch>
          <Match when={way() === 'password'}>
            <Button
              type="submit"
              disabled={password() === '' || props.ready === false || busy()}
              busy={busy()}
              data-testid="confirm-submit"
            >
              {props.yes}
            </Button>
          </Match>
          <Match when={!code.sent()}>
            <Button
              disabled={props.ready === false || code.busy()}
              busy={code.busy()}
              onClick={ask}
              data-testid="confirm-send"
            >
              {t('phone-send-code')}
            </Button>
          </Match>
        </Switch>
      </DialogButtons>
      {props.foot}
    </form>
  );
}

type GiveCodeProps = {
  of: CodeRequest;
  /** Rejects when the proof is of no use; that is told here. */
  proven: (proof: { readonly sid: string; readonly secret: string }) => Promise<void>;
  again: () => void;
};

/** The boxes for a code that is on its way, and another one for who got none. */
export function GiveCode(props: GiveCodeProps) {
  const [code, setCode] = createSignal('');
  return (
    <>
      <p class={s.centred}>{t('phone-code-hint')}</p>
      <CodeField
        focused
        value={code()}
        onValue={setCode}
        error={props.of.error()}
        busy={props.of.busy()}
        onInput={() => props.of.calm()}
        submit={(given) => props.of.give(given, props.proven, changeFailure)}
      />
      <Resend at={props.of.sent()?.again ?? 0} busy={props.of.busy()} resend={() => props.again()} />
    </>
  );
}
