import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import type { ErrorInfo } from '../../store/contract';

/** A number gets another code after so long. */
export const PAUSE_MS = 60_000;
/** The server takes no more tries of one code. */
export const TRIES = 5;

/** Why no code was sent. */
export function requestFailure(info: ErrorInfo): string {
  if (info.status === 503) return t('phone-down');
  switch (info.errcode) {
    case 'M_INVALID_PARAM':
      return t('phone-number-wrong');
    case 'M_THREEPID_DENIED':
      return t('phone-number-denied');
    case 'M_LIMIT_EXCEEDED':
      return t('phone-limit', { seconds: Math.ceil((info.retryAfterMs ?? PAUSE_MS) / 1000) });
    default:
      return errorText(info);
  }
}

/** Binds the codes of a number to this browser. */
export function freshSecret(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join('.');
}
