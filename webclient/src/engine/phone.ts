/** The calls of signing in by phone number: docs/extensions.md, Phone numbers. */
import { type Json, list, number, object, text, textOrNull, texts } from '../model/events';
import type {
  GivenNumber,
  MoreProof,
  NumberProof,
  OwnNumber,
  PhoneCommands,
  SignInState,
  SignInWay,
  SmsCode,
  SmsCodeRequest,
  SmsLogin,
  SmsOutcome,
} from '../store/contract';
import { call, exchange, type Fetch, type HttpAnswer, path, serverError } from './api/http';
import type { Core } from './core';
import type { People } from './people';
import { confirmed } from './uia';
import { solve } from './work';

export const SMS_LOGIN = 'app.hearth.login.sms';
const V3 = '/_matrix/client/v3';
const OURS = '/_matrix/client/unstable/app.hearth';
/** More would be no small step, and no server of ours asks for it. */
const MOST_BITS = 24;

export async function requestSmsCode(fetcher: Fetch, base: string, request: SmsCodeRequest): Promise<SmsCode> {
  const { number, country, secret, attempt } = request;
  const body = { number, country, client_secret: secret, send_attempt: attempt };
  const answer = await withWork(body, (asked) =>
    exchange(fetcher, base, null, { method: 'POST', path: `${OURS}/login/sms/request_code`, body: asked }),
  );
  return { sid: text(answer.sid), number: text(answer.number) };
}

/** The answer to a request for a code, after the work that the server asks for before it sends another one. */
async function withWork(body: Json, ask: (body: Json) => Promise<HttpAnswer>): Promise<Json> {
  let answer = await ask(body);
  const bits = answer.body['app.hearth.bits'];
  if (answer.body.errcode === 'APP.HEARTH.WORK_NEEDED' && typeof bits === 'number' && bits <= MOST_BITS) {
    answer = await ask({ ...body, proof: await solve(text(answer.body['app.hearth.challenge']), bits) });
  }
  if (answer.status !== 200) {
    throw serverError(answer.status, answer.body);
  }
  return answer.body;
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
    recover: request.recover === true,
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
    case 'APP.HEARTH.APPROVAL_NEEDED':
      return { done: false, needs: 'more', ...moreProof(answer.body) };
    default:
      throw serverError(answer.status, answer.body);
  }
}

function moreProof(body: Json): MoreProof {
  const due = body['app.hearth.due_ts'];
  return {
    ways: texts(body['app.hearth.ways']).filter((way): way is SignInWay => WAYS.includes(way)),
    idle: body['app.hearth.idle'] === true,
    number: textOrNull(body['app.hearth.number']),
    dueTs: typeof due === 'number' ? due : null,
  };
}

export async function signInState(fetcher: Fetch, base: string, proof: NumberProof): Promise<SignInState> {
  const body = { sid: proof.sid, client_secret: proof.secret };
  const request = { method: 'POST', path: `${OURS}/login/sms/approval`, body } as const;
  return stateOf(await call(fetcher, base, null, request));
}

function stateOf(answer: Json): SignInState {
  return answer.state === 'approved' || answer.state === 'waiting' ? answer.state : 'refused';
}

const WAYS: readonly string[] = ['password', 'approval', 'recovery'];
const REQUESTS = {
  add: '/account/3pid/msisdn/requestToken',
  confirm: '/account/password/msisdn/requestToken',
} as const;

type NumberCommands = Omit<PhoneCommands, 'requestSmsCode' | 'loginBySms' | 'signInState'>;

/** Commands about the numbers of who is signed in, and about inviting by number. */
export function numberCommands(core: Core & { readonly people: People }): NumberCommands {
  const credentials = ({ sid, secret }: { readonly sid: string; readonly secret: string }) => ({
    sid,
    client_secret: secret,
  });
  const post = (at: string, body: Json) => core.http({ method: 'POST', path: at, body });
  return {
    ownPhone: async () => {
      const answer = await core.http({ method: 'GET', path: `${OURS}/account/phone` });
      const discovery = object(answer.discovery);
      const pending = object(answer.pending_change);
      return {
        numbers: list(answer.numbers).map((one): OwnNumber => {
          const { address, shown } = object(one);
          return { address: text(address), shown: text(shown) };
        }),
        hasPassword: answer.has_password === true,
        secondFactor: answer.second_factor === true,
        discovery: {
          available: discovery.available === true,
          byNumber: discovery.by_number === 'contacts' ? 'contacts' : 'nobody',
          invites: discovery.invites !== false,
        },
        pendingChange:
          answer.pending_change === undefined ? null : { shown: text(pending.shown), dueTs: number(pending.due_ts, 0) },
      };
    },
    requestNumberCode: async (purpose, request) => {
      const { number: digits, country, secret, attempt } = request;
      const body = { phone_number: digits, country, client_secret: secret, send_attempt: attempt };
      const answer = await withWork(body, (asked) =>
        core.exchange({ method: 'POST', path: V3 + REQUESTS[purpose], body: asked }),
      );
      return { sid: text(answer.sid), number: text(answer.intl_fmt) };
    },
    giveNumberCode: async (proof, code) => {
      const answer = await post(`${OURS}/msisdn/submit_token`, { ...credentials(proof), token: code });
      return answer.success === true;
    },
    addNumber: async (proof, confirmation) => {
      const request = { method: 'POST', path: `${V3}/account/3pid/add`, body: credentials(proof) } as const;
      await confirmed(core, request, confirmation);
    },
    changeNumber: async ({ proof, old, confirmation }) => {
      const at = `${OURS}/account/phone/change`;
      const body = { ...credentials(proof), old };
      const answer =
        confirmation === null
          ? await post(at, { ...body, wait: true })
          : await confirmed(core, { method: 'POST', path: at, body }, confirmation);
      return answer.changed === true ? null : number(answer.due_ts, 0);
    },
    keepNumber: async () => {
      await core.http({ method: 'DELETE', path: `${OURS}/account/phone/change` });
    },
    removeNumber: async (address) => {
      await post(`${V3}/account/3pid/delete`, { medium: 'msisdn', address });
    },
    setSecondFactor: async (enabled, confirmation) => {
      const request = { method: 'PUT', path: `${OURS}/account/second_factor`, body: { enabled } } as const;
      await confirmed(core, request, confirmation);
    },
    answerSignIn: async (id, given) => stateOf(await post(OURS + path`/account/sign_ins/${id}`, { number: given })),
    stopRecovery: async () => {
      await core.http({ method: 'DELETE', path: `${OURS}/account/recovery` });
    },
    setDiscovery: async ({ byNumber, invites }) => {
      const body = { by_number: byNumber, invites };
      await core.http({ method: 'PUT', path: `${OURS}/account/discovery`, body });
    },
    createChatByNumber: (given) => core.people.createChatByAddress(byNumber(core.account.me, given)),
    inviteNumber: async (roomId, given) => {
      await post(V3 + path`/rooms/${roomId}/invite`, byNumber(core.account.me, given));
    },
  };
}

/** An invitation of whoever has a number, by the server that both are of. */
export function byNumber(me: string, { number: address, country }: GivenNumber): Json {
  const server = me.slice(me.indexOf(':') + 1);
  return { medium: 'msisdn', address, 'app.hearth.country': country, id_server: server, id_access_token: '' };
}
