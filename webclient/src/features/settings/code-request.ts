import { createSignal } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { GivenNumber, NumberProof, SmsCode } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { freshSecret, PAUSE_MS, requestFailure, TRIES } from '../../ui/phone/failures';

type Sent = SmsCode & NumberProof & { readonly given: GivenNumber; readonly attempt: number; readonly again: number };

/** A code that is asked for and given back, to prove a number that I add or one of mine. */
export function createCodeRequest(purpose: 'add' | 'confirm') {
  const { commands } = useClient();
  const [sent, setSent] = createSignal<Sent>();
  const [error, setError] = createSignal<string>();
  const [busy, setBusy] = createSignal(false);
  let wrong = 0;
  const during = async (work: () => Promise<void>, why: (failure: unknown) => string) => {
    if (busy()) return;
    setBusy(true);
    setError(undefined);
    try {
      await work();
    } catch (failure) {
      setError(why(failure));
    } finally {
      setBusy(false);
    }
  };
  return {
    /** The code that is on its way; undefined before it was asked for. */
    sent,
    error,
    busy,
    /** Somebody types again. */
    calm: () => setError(undefined),
    /** Gives up the code, to begin with another number. */
    forget: () => {
      setSent(undefined);
      setError(undefined);
    },
    /** Has a code sent; another one, when one is on its way to the number already. */
    send: (given: GivenNumber) =>
      during(
        async () => {
          const before = sent();
          const secret = before?.secret ?? freshSecret();
          const attempt = (before?.attempt ?? 0) + 1;
          const code = await commands.requestNumberCode(purpose, { ...given, secret, attempt });
          wrong = 0;
          setSent({ ...code, given, secret, attempt, again: Date.now() + PAUSE_MS });
        },
        (failure) => requestFailure(errorInfo(failure)),
      ),
    /** Gives a code back; `proven` runs when it was right, and its failure is shown in the words of `why`. */
    give: (code: string, proven: (proof: NumberProof) => Promise<void>, why: (failure: unknown) => string) =>
      during(async () => {
        const known = sent();
        if (!known) return;
        if (await commands.giveNumberCode(known, code)) return proven({ sid: known.sid, secret: known.secret });
        wrong += 1;
        setError(t(wrong >= TRIES ? 'phone-code-spent' : 'phone-code-wrong'));
        if (wrong >= TRIES) setSent(undefined);
      }, why),
  };
}

export type CodeRequest = ReturnType<typeof createCodeRequest>;

/** Why a number or a password could not be changed. */
export function changeFailure(failure: unknown): string {
  const info = errorInfo(failure);
  if (info.status === 503) return t('phone-check-down');
  switch (info.errcode) {
    case 'M_THREEPID_IN_USE':
      return t('phone-in-use');
    case 'M_THREEPID_AUTH_FAILED':
      return t('phone-code-late');
    case 'M_FORBIDDEN':
      return t('phone-wrong-password');
    default:
      return errorText(info);
  }
}
