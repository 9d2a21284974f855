import { createMemo, createSignal, onCleanup, Show } from 'solid-js';
import { t } from '../../i18n';
import { dateAndTime } from '../../i18n/dates';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { SignInRequest, SignIns } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { browserName } from '../../ui/browser-name';
import { Button } from '../../ui/button';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { toast } from '../../ui/toast';
import s from './sign-ins.module.css';

const round_ms = 5_000;

/** Asks who is signed in here about those who want to come in elsewhere. */
export function SignInsHost() {
  const { state } = useClient();
  const [now, setNow] = createSignal(Date.now());
  const clock = setInterval(() => setNow(Date.now()), round_ms);
  onCleanup(() => clearInterval(clock));
  const [left, setLeft] = createSignal<readonly string[]>([]);
  const leave = (id: string) => setLeft((before) => [...before, id]);
  const request = createMemo(() =>
    state.own.signIns.requests.find((one) => one.expiresTs > now() && !left().includes(one.id)),
  );
  const recovery = createMemo(() => {
    const one = state.own.signIns.recovery;
    return one !== null && !left().includes(String(one.dueTs)) ? one : null;
  });
  return (
    <Show
      when={request()}
      keyed
      fallback={
        <Show when={recovery()} keyed>
          {(one) => <RecoveryDialog recovery={one} onClose={() => leave(String(one.dueTs))} />}
        </Show>
      }
    >
      {(one) => <SignInDialog request={one} onClose={() => leave(one.id)} />}
    </Show>
  );
}

/** From where somebody wants to come in, as far as the server saw it. */
function Whereabouts(props: { of: { readonly ts: number; readonly ip: string; readonly userAgent: string } }) {
  return (
    <dl class={s.facts}>
      <dt>{t('sign-in-browser')}</dt>
      <dd data-testid="sign-in-browser">{browserName(props.of.userAgent)}</dd>
      <dt>{t('sign-in-place')}</dt>
      <dd>{props.of.ip}</dd>
      <dt>{t('sign-in-time')}</dt>
      <dd>{dateAndTime(props.of.ts)}</dd>
    </dl>
  );
}

/** Lets somebody in by the number that is shown there, so that nobody says yes to the wrong one. */
function SignInDialog(props: { request: SignInRequest; onClose: () => void }) {
  const { commands } = useClient();
  const [number, setNumber] = createSignal('');
  const [busy, setBusy] = createSignal(false);
  const answer = async (given: string | null) => {
    setBusy(true);
    try {
      const outcome = await commands.answerSignIn(props.request.id, given);
      props.onClose();
      if (given === null) toast(t('sign-in-refused'));
      else toast(t(outcome === 'approved' ? 'sign-in-approved' : 'sign-in-wrong-number'));
    } catch (error) {
      const info = errorInfo(error);
      setBusy(false);
      toast(info.errcode === 'M_NOT_FOUND' ? t('sign-in-late') : errorText(info));
      if (info.errcode === 'M_NOT_FOUND') props.onClose();
    }
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (/^\d\d$/.test(number()) && !busy()) void answer(number());
  };
  return (
    <Dialog title={t('sign-in-title')} onClose={props.onClose} testid="sign-in-dialog">
      <form class={s.form} onSubmit={submit}>
        <p>{t('sign-in-hint')}</p>
        <Whereabouts of={props.request} />
        <Field
          label={t('sign-in-number')}
          hint={t('sign-in-number-hint')}
          inputmode="numeric"
          autocomplete="off"
          maxLength={2}
          value={number()}
          onInput={(event) => setNumber(event.currentTarget.value)}
          data-testid="sign-in-number-field"
        />
        <DialogButtons>
          <Button kind="danger" disabled={busy()} onClick={() => void answer(null)} data-testid="sign-in-refuse">
            {t('sign-in-no')}
          </Button>
          <Button
            type="submit"
            disabled={!/^\d\d$/.test(number()) || busy()}
            busy={busy()}
            data-testid="sign-in-approve"
          >
            {t('sign-in-yes')}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}

/** Somebody has nothing but my number and waits: the last word is mine. */
function RecoveryDialog(props: { recovery: NonNullable<SignIns['recovery']>; onClose: () => void }) {
  const { commands } = useClient();
  const [busy, setBusy] = createSignal(false);
  const stop = async () => {
    setBusy(true);
    try {
      await commands.stopRecovery();
      toast(t('recovery-stopped'));
    } catch (error) {
      toast(errorText(errorInfo(error)));
    }
    props.onClose();
  };
  return (
    <Dialog title={t('recovery-title')} onClose={props.onClose} testid="recovery-dialog">
      <div class={s.form}>
        <p>{t('recovery-hint', { date: dateAndTime(props.recovery.dueTs) })}</p>
        <Whereabouts of={props.recovery} />
        <DialogButtons>
          <Button onClick={() => props.onClose()} data-testid="recovery-mine">
            {t('recovery-mine')}
          </Button>
          <Button kind="danger" disabled={busy()} busy={busy()} onClick={() => void stop()} data-testid="recovery-stop">
            {t('recovery-stop')}
          </Button>
        </DialogButtons>
      </div>
    </Dialog>
  );
}
