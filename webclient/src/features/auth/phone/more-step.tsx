import { createSignal, Match, onCleanup, Show, Switch } from 'solid-js';
import { t } from '../../../i18n';
import { dateAndTime } from '../../../i18n/dates';
import type { MoreProof, SignInState } from '../../../store/contract';
import { Button } from '../../../ui/button';
import { Spinner } from '../../../ui/spinner';
import s from '../auth.module.css';
import { PasswordField } from '../password-field';
import p from './phone.module.css';
import { Step } from './step';

const poll_ms = 2_000;

type MoreStepProps = {
  more: MoreProof;
  error: string | undefined;
  busy: boolean;
  password: (password: string) => void;
  /** What another device said by now; rejects while that cannot be known. */
  state: () => Promise<SignInState>;
  answered: (state: Exclude<SignInState, 'waiting'>) => void;
  recover: () => void;
  notMine: () => void;
};

/** Third step, on a device that the account does not know: what shows that it is its owner who has the number. */
export function MoreStep(props: MoreStepProps) {
  const offers = (way: MoreProof['ways'][number]) => props.more.ways.includes(way);
  const [password, setPassword] = createSignal('');
  const [wished, setWished] = createSignal<'password' | 'device'>();
  const byPassword = () =>
    offers('password') && (wished() ?? (offers('approval') ? 'device' : 'password')) === 'password';
  const [asking, setAsking] = createSignal(false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = async () => {
    const state = await props.state().catch((): SignInState => 'waiting');
    if (timer === undefined) return;
    if (state === 'waiting') timer = setTimeout(() => void look(), poll_ms);
    else props.answered(state);
  };
  if (offers('approval')) timer = setTimeout(() => void look(), poll_ms);
  onCleanup(() => {
    clearTimeout(timer);
    timer = undefined;
  });
  const ready = () => byPassword() && password() !== '' && !props.busy;
  const hint = () => {
    if (byPassword()) return t(props.more.idle ? 'phone-password-idle' : 'phone-password-hint');
    if (props.more.dueTs !== null) return t('phone-more-due', { date: dateAndTime(props.more.dueTs) });
    return t(offers('approval') ? 'phone-more-hint' : 'phone-more-alone');
  };
  return (
    <Step
      name="more"
      title={t(byPassword() ? 'phone-password-title' : 'phone-more-title')}
      hint={hint()}
      back={false}
      submit={() => ready() && props.password(password())}
    >
      <Switch>
        <Match when={byPassword()}>
          <div
            data-first
            ref={(box) => queueMicrotask(() => wished() && box.querySelector('input')?.focus({ preventScroll: true }))}
          >
            <PasswordField value={password()} onInput={setPassword} error={props.error} />
          </div>
        </Match>
        <Match when={props.more.number}>
          {(number) => (
            <div class={p.waiting}>
              <strong class={p.shownNumber} data-testid="sign-in-number">
                {number()}
              </strong>
              <p class={p.quiet} role="status">
                <Spinner size={20} /> {t('phone-more-waiting')}
              </p>
            </div>
          )}
        </Match>
      </Switch>
      <Show when={!byPassword() && props.error}>
        <p class={p.note} role="alert">
          {props.error}
        </p>
      </Show>
      <div class={s.buttons}>
        <Show when={byPassword()}>
          <Button kind="primary" type="submit" disabled={!ready()} busy={props.busy} data-testid="submit">
            {t('auth-sign-in')}
          </Button>
        </Show>
        <Show when={offers('password') && offers('approval')}>
          <Button kind="light" onClick={() => setWished(byPassword() ? 'device' : 'password')} data-testid="other-way">
            {t(byPassword() ? 'phone-more-use-device' : 'phone-use-password')}
          </Button>
        </Show>
        <Show when={offers('recovery') && props.more.dueTs === null}>
          <Show
            when={asking()}
            fallback={
              <Button kind="light" disabled={props.busy} onClick={() => setAsking(true)} data-testid="recover">
                {t(offers('password') ? 'phone-recover-neither' : 'phone-recover')}
              </Button>
            }
          >
            <p class={p.quiet}>{t('phone-recover-hint')}</p>
            <Button
              kind="light"
              busy={props.busy}
              disabled={props.busy}
              onClick={() => props.recover()}
              data-testid="recover-yes"
            >
              {t('phone-recover-yes')}
            </Button>
          </Show>
        </Show>
        <Show when={props.more.idle}>
          <Button kind="light" disabled={props.busy} onClick={() => props.notMine()} data-testid="not-mine">
            {t('phone-not-mine')}
          </Button>
        </Show>
      </div>
    </Step>
  );
}
