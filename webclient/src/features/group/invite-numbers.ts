import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import type { Commands, ErrorInfo, RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import type { Typed } from '../../ui/phone/numbers';

/** Invites whoever has these numbers, one after the other; resolves to those that were refused, of which `told` hears. */
export async function inviteNumbers(
  commands: Commands,
  roomId: RoomId,
  numbers: readonly Typed[],
  told: (number: string, why: string) => void,
): Promise<Typed[]> {
  const refused: Typed[] = [];
  for (const one of numbers) {
    const given = { number: one.national, country: one.country?.iso ?? '' };
    await commands.inviteNumber(roomId, given).catch((error: unknown) => {
      refused.push(one);
      told(one.text, whyNumberRefused(errorInfo(error)));
    });
  }
  return refused;
}

/** Why nobody was invited by a number. */
export function whyNumberRefused(info: ErrorInfo): string {
  switch (info.errcode) {
    case 'M_INVALID_PARAM':
      return t('phone-number-wrong');
    case 'M_THREEPID_DENIED':
      return t('invite-number-denied');
    case 'M_LIMIT_EXCEEDED':
      return t('invite-number-limit');
    default:
      return errorText(info);
  }
}
