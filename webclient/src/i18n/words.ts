/** What the facts of the store are called: previews, service lines and errors, in the language of the person. */
import { clockLength } from '../model/media';
import type { ErrorInfo, PreviewBody, ServiceLine } from '../store/contract';
import { lengthText } from './dates';
import { t } from './index';

/** One line about what happened in a room. */
export function serviceText(line: ServiceLine): string {
  const { what, actorName, targetName, before } = line;
  const value = what === 'slowMode' ? lengthText(Number(line.value)) : line.value;
  return t(`service-${what}`, { actor: actorName, target: targetName, value, before });
}

/** One line that stands for a message, in the chat list and in quotes. */
export function previewText(body: PreviewBody): string {
  switch (body.kind) {
    case 'text':
    case 'notice':
    case 'emote':
      return body.text.replace(/\s+/g, ' ');
    case 'service':
      return serviceText(body.service);
    case 'encrypted':
    case 'redacted':
    case 'unknown':
      return t(`preview-${body.kind}`);
    case 'reaction':
      return t('preview-reaction', { name: body.name, sign: body.text, text: body.of });
    case 'voice':
      return [body.text || t('preview-voice'), body.durationMs === undefined ? '' : clockLength(body.durationMs)]
        .filter(Boolean)
        .join(' ');
    case 'poll':
    case 'sticker':
      return body.text === '' ? t(`preview-${body.kind}`) : `${t(`preview-${body.kind}`)}: ${body.text}`;
    default:
      return body.text === '' ? t(`preview-${body.kind}`) : body.text;
  }
}

/** Why a command failed. `M_FORBIDDEN` means different things while signing in and later. */
export function errorText(info: ErrorInfo, signingIn = false): string {
  switch (info.errcode) {
    case 'M_FORBIDDEN':
      return t(signingIn ? 'error-forbidden' : 'error-forbidden-action');
    case 'M_USER_DEACTIVATED':
      return t('error-user-deactivated');
    case 'M_LIMIT_EXCEEDED':
      return t('error-limit');
    case 'M_USER_IN_USE':
    case 'M_EXCLUSIVE':
      return t('error-user-in-use');
    case 'M_INVALID_USERNAME':
      return t('error-invalid-username');
    case 'M_WEAK_PASSWORD':
      return t('error-weak-password');
    case 'M_NOT_FOUND':
      return t('error-not-found');
    case 'NETWORK':
      return t(globalThis.navigator?.onLine === false ? 'error-offline' : 'error-network');
    case 'M_TOO_LARGE':
      return t('error-too-large');
    case 'STORAGE':
      return t('error-storage');
    case 'ENCRYPTED_ROOM':
      return t('error-encrypted');
    default:
      return t('error-unknown');
  }
}
