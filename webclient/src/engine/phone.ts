/** The calls of signing in by phone number: docs/extensions.md, Phone numbers. */
import { text } from '../model/events';
import type { SmsCode, SmsCodeRequest, SmsLogin, SmsOutcome } from '../store/contract';
import { exchange, type Fetch, type HttpAnswer, serverError } from './api/http';
import { solve } from './work';

export const SMS_LOGIN = 'app.hearth.login.sms';
const REQUEST_CODE = '/_matrix/client/unstable/app.hearth/login/sms/request_code';
/** More would be no small step, and no server of ours asks for it. */
const MOST_BITS = 24;

export async function requestSmsCode(fetcher: Fetch, base: string, request: SmsCodeRequest): Promise<SmsCode> {
  const { number, country, secret, attempt } = request;
  const body = { number, country, client_secret: secret, send_attempt: attempt };
  const ask = (proof: { readonly proof?: string }) =>
    exchange(fetcher, base, null, { method: 'POST', path: REQUEST_CODE, body: { ...body, ...proof } });
  let answer = await ask({});
  const bits = answer.body['app.hearth.bits'];
  if (answer.body.errcode === 'APP.HEARTH.WORK_NEEDED' && typeof bits === 'number' && bits <= MOST_BITS) {
    answer = await ask({ proof: await solve(text(answer.body['app.hearth.challenge']), bits) });
  }
  if (answer.status !== 200) {
    throw serverError(answer.status, answer.body);
  }
  return { sid: text(answer.body.sid), number: text(answer.body.number) };
}

/** Fields of `POST /login`, without those that every login has. */
export function smsLoginBody(request: SmsLogin): Record<string, unknown> {
  return {
    type: SMS_LOGIN,
    sid: request.sid,
    client_secret: request.secret,
    code: request.code,
    password: request.password,
    sign_up: request.signUp !== undefined,
    username: request.signUp?.username || undefined,
    begin_anew: request.beginAnew === true,
  };
}

/** What the server wants before it lets in. Throws what it refuses for good. */
export function smsOutcome(answer: HttpAnswer): SmsOutcome {
  if (answer.status === 200) {
    return { done: true };
  }
  switch (answer.body.errcode) {
    case 'APP.HEARTH.NEW_NUMBER':
      return { done: false, needs: 'name' };
    case 'APP.HEARTH.PASSWORD_NEEDED':
      return { done: false, needs: 'password', idle: answer.body['app.hearth.idle'] === true };
    default:
      throw serverError(answer.status, answer.body);
  }
}
