/** Tokens in the answers of login, register and refresh. */
import { number, text, textOrNull } from '../../model/events';
import type { HttpAnswer } from './http';
import type { Tokens } from './types';

export function tokensOf(answer: HttpAnswer['body']): Tokens {
  const lifetime = number(answer.expires_in_ms, 0);
  return {
    accessToken: text(answer.access_token),
    refreshToken: textOrNull(answer.refresh_token),
    expiresAt: lifetime > 0 ? Date.now() + lifetime : null,
  };
}
