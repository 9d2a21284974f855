import { createSignal, Match, Switch } from 'solid-js';
import { t } from '../../../i18n';
import { errorText } from '../../../i18n/words';
import { useClient } from '../../../store/context';
import type { ErrorInfo, MoreProof, ServerInfo, SignInState, SmsCode, SmsLogin } from '../../../store/contract';
import { errorInfo } from '../../../store/errors';
import { freshSecret, PAUSE_MS, requestFailure, TRIES } from '../../../ui/phone/failures';
import { homeCountry, inCountry } from '../../../ui/phone/numbers';
import { CodeStep } from './code-step';
import { MoreStep } from './more-step';
import { NameStep } from './name-step';
import { NumberStep } from './number-step';
import { PasswordStep } from './password-step';
import p from './phone.module.css';

/** A code that was asked for. */
type Sent = SmsCode & { readonly typed: string; readonly secret: string; readonly attempt: number };
type At =
  | { readonly step: 'number' | 'code' | 'name' }
  | { readonly step: 'password'; readonly idle: boolean }
  | { readonly step: 'more'; readonly more: MoreProof };
type PhoneCardProps = { server: ServerInfo; chosen: string | null; byName: (() => void) | undefined };

/** Signing up and in by number and code, in steps that slide. */
export function PhoneCard(props: PhoneCardProps) {
  const { commands } = useClient();
  const [typed, setTyped] = createSignal(inCountry('', homeCountry(navigator.languages)));
  const [at, setAt] = createSignal<At>({ step: 'number' });
  const [back, setBack] = createSignal(false);
  const [sent, setSent] = createSignal<Sent>();
  const [resendAt, setResendAt] = createSignal(0);
  const [error, setError] = createSignal<string>();
  const [busy, setBusy] = createSignal(false);
  let wrong = 0;
  let beginAnew = false;

  const go = (next: At) => {
    setError(undefined);
    setBack(false);
    setAt(next);
  };
  const goBack = (why?: string) => {
    setBack(true);
    setAt({ step: 'number' });
    setError(why);
  };
  const during = async (work: () => Promise<void>, failed: (info: ErrorInfo) => void) => {
    if (busy()) return;
    setBusy(true);
    setError(undefined);
    try {
      await work();
    } catch (failure) {
      failed(errorInfo(failure));
    } finally {
      setBusy(false);
    }
  };

  const request = (before: Sent | undefined) =>
    during(
      async () => {
        const { country, national, text } = typed();
        const secret = before?.secret ?? freshSecret();
        const attempt = (before?.attempt ?? 0) + 1;
        const asked = { server: props.chosen, number: national, country: country?.iso ?? '', secret, attempt };
        const code = await commands.requestSmsCode(asked);
        wrong = 0;
        beginAnew = false;
        setSent({ ...code, typed: text, secret, attempt });
        setResendAt(Date.now() + PAUSE_MS);
        if (at().step !== 'code') go({ step: 'code' });
      },
      (info) => setError(requestFailure(info)),
    );
  const next = () => {
    // A code is on its way to this number already.
    if (sent()?.typed === typed().text && Date.now() < resendAt()) go({ step: 'code' });
    else void request(undefined);
  };

  const logIn = (more: Partial<SmsLogin>, failed: (info: ErrorInfo) => void) =>
    during(async () => {
      const code = sent();
      if (!code) return;
      const { sid, secret } = code;
      const outcome = await commands.loginBySms({ server: props.chosen, sid, secret, beginAnew, ...more });
      if (outcome.done) return;
      if (outcome.needs === 'name') go({ step: 'name' });
      else if (outcome.needs === 'password') go({ step: 'password', idle: outcome.idle });
      else go({ step: 'more', more: outcome });
    }, failed);
  const startOver = (why: string) => {
    setSent(undefined);
    goBack(why);
  };
  const giveCode = (code: string) =>
    logIn({ code }, (info) => {
      if (info.errcode !== 'M_THREEPID_AUTH_FAILED') {
        setError(loginFailure(info));
        return;
      }
      wrong += 1;
      if (wrong >= TRIES) startOver(t('phone-code-spent'));
      else setError(t('phone-code-wrong'));
    });
  const afterCode = (more: Partial<SmsLogin>) =>
    logIn(more, (info) => {
      // The proof lasts a quarter of an hour.
      if (info.errcode === 'M_THREEPID_AUTH_FAILED') startOver(t('phone-code-late'));
      else setError(loginFailure(info));
    });
  const notMine = () => {
    beginAnew = true;
    void afterCode({});
  };
  const state = () => {
    const { sid, secret } = sent() ?? { sid: '', secret: '' };
    return commands.signInState({ server: props.chosen, sid, secret }).catch((failure: unknown): SignInState => {
      // The proof is too old: nobody can answer any more.
      if (errorInfo(failure).errcode === 'M_THREEPID_AUTH_FAILED') startOver(t('phone-code-late'));
      throw failure;
    });
  };
  const answered = (outcome: SignInState) => {
    if (outcome === 'approved') void afterCode({});
    else startOver(t('phone-more-refused'));
  };
  const recover = async () => {
    await afterCode({ recover: true });
    if (more()?.dueTs === null && error() === undefined) setError(t('phone-recover-stopped'));
  };
  const more = () => {
    const now = at();
    return now.step === 'more' ? now.more : undefined;
  };
  const idle = () => {
    const now = at();
    return now.step === 'password' && now.idle;
  };

  return (
    <div class={p.frame} data-testid="phone-card">
      <Switch>
        <Match when={at().step === 'number'}>
          <NumberStep
            server={props.server.name}
            back={back()}
            typed={typed()}
            onTyped={(now) => {
              setTyped(now);
              setError(undefined);
            }}
            error={error()}
            busy={busy()}
            submit={next}
            byName={props.byName}
          />
        </Match>
        <Match when={at().step === 'code'}>
          <CodeStep
            number={sent()?.number ?? ''}
            back={back()}
            error={error()}
            busy={busy()}
            resendAt={resendAt()}
            onInput={() => setError(undefined)}
            submit={giveCode}
            resend={() => void request(sent())}
            edit={() => goBack()}
          />
        </Match>
        <Match when={at().step === 'name'}>
          <NameStep
            server={props.server.name}
            error={error()}
            busy={busy()}
            onInput={() => setError(undefined)}
            submit={(name, username, photo) => void afterCode({ signUp: { name, username, photo } })}
          />
        </Match>
        <Match when={at().step === 'password'}>
          <PasswordStep
            idle={idle()}
            error={error()}
            busy={busy()}
            submit={(password) => void afterCode({ password })}
            notMine={notMine}
          />
        </Match>
        <Match when={more()}>
          {(now) => (
            <MoreStep
              more={now()}
              error={error()}
              busy={busy()}
              password={(password) => void afterCode({ password })}
              state={state}
              answered={answered}
              recover={() => void recover()}
              notMine={notMine}
            />
          )}
        </Match>
      </Switch>
    </div>
  );
}

function loginFailure(info: ErrorInfo): string {
  if (info.status === 503) return t('phone-check-down');
  return info.errcode === 'M_FORBIDDEN' ? t('phone-forbidden') : errorText(info, true);
}
