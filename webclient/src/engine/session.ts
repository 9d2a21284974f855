/**
 * Who is signed in, and the tokens. They live here and in the engine's database, and never reach a page. An access
 * token that is refused is renewed once for all who wait for it.
 */
import { object, text, textOrNull } from '../model/events';
import type {
  LoginRequest,
  RegisterOutcome,
  RegisterRequest,
  ServerInfo,
  SessionState,
  SignInState,
  SmsCode,
  SmsCodeRequest,
  SmsLogin,
  SmsOutcome,
  TokenLogin,
} from '../store/contract';
import { errorInfo } from '../store/errors';
import {
  call,
  exchange,
  type Fetch,
  failure,
  type HttpAnswer,
  type HttpRequest,
  isPassing,
  isSoftLogout,
  path,
  serverError,
} from './api/http';
import { tokensOf } from './api/tokens';
import type { LoginRequestBody, Tokens } from './api/types';
import type { Disk } from './db/disk';
import { firstServer, lookUp, nextStage, stagesOf } from './discovery';
import { requestSmsCode, signInState, smsLoginBody, smsOutcome } from './phone';

const KEY = 'session';
/** By what a server knows this browser again after signing out; of the last account that signed out here. */
const TICKET = 'return ticket';
/** Announced in `/versions` by servers that have our stream and its HTTP twin. */
const STREAM_FEATURE = 'app.hearth.stream.v1';
const DEVICE_NAME = 'Hearth web';
const V3 = '/_matrix/client/v3';
/** Renew this long before the end. */
const EARLY_MS = 60_000;

export interface Signed extends Tokens {
  readonly userId: string;
  readonly deviceId: string;
  readonly base: string;
  /** The server ended the session but lets its data stay. */
  readonly soft: boolean;
  /** It speaks neither our stream nor `/v4/sync`. */
  readonly classic?: boolean;
}

export class Session {
  private signed: Signed | null = null;
  private suggested: ServerInfo | null = null;
  private expired = false;
  private loaded = false;
  private renewal: Promise<string | null> | null = null;

  constructor(
    private readonly database: Disk,
    private readonly fetcher: Fetch,
    private readonly candidates: readonly string[],
    private readonly changed: () => void,
  ) {}

  get state(): SessionState {
    if (!this.loaded) {
      return { phase: 'loading' };
    }
    if (this.signed === null) {
      return { phase: 'signedOut', server: this.suggested, expired: this.expired };
    }
    const { userId, deviceId, base, soft } = this.signed;
    return soft
      ? { phase: 'softLoggedOut', userId, server: this.suggested }
      : { phase: 'signedIn', userId, deviceId, homeserver: base };
  }

  /** The signed-in session; null when nobody is signed in or the server wants the password again. */
  get active(): Signed | null {
    return this.signed?.soft === false ? this.signed : null;
  }

  get userId(): string | null {
    return this.signed?.userId ?? null;
  }

  async load(): Promise<void> {
    this.signed = (await this.database.value(KEY)) as Signed | null;
    if (this.active === null) {
      this.suggested = await firstServer(this.fetcher, this.signed === null ? this.candidates : [this.signed.base]);
    }
    this.loaded = true;
    this.changed();
  }

  /** Writes it down. On a full disk it goes on in memory: then a reload may ask for the password. */
  async keep(): Promise<void> {
    await this.database.setValue(KEY, this.signed).catch(() => undefined);
  }

  /** Whether the server speaks only `/v3/sync`, as far as is known. */
  get isClassic(): boolean {
    return this.signed?.classic === true;
  }

  /** Asks what the server speaks, and notes it; rejects when it does not answer. */
  async askIfClassic(): Promise<boolean> {
    const answer = await this.exchange({ method: 'GET', path: '/_matrix/client/versions', timeoutMs: 10_000 });
    if (answer.status !== 200 || this.signed === null) {
      return this.isClassic;
    }
    const classic = object(answer.body.unstable_features)[STREAM_FEATURE] !== true;
    if (classic !== this.isClassic) {
      this.signed = { ...this.signed, classic };
      await this.keep();
    }
    return classic;
  }

  /** One call with the token; an expired token is renewed and the call made once more. */
  async exchange(request: HttpRequest): Promise<HttpAnswer> {
    const session = this.active;
    if (session === null) {
      throw failure('M_MISSING_TOKEN', 'not signed in', 401);
    }
    const early = session.expiresAt !== null && session.expiresAt - Date.now() < EARLY_MS;
    const token = early ? ((await this.renew(true)) ?? session.accessToken) : session.accessToken;
    const answer = await exchange(this.fetcher, session.base, token, request);
    if (answer.status !== 401 || answer.body.errcode !== 'M_UNKNOWN_TOKEN') {
      return answer;
    }
    const fresh = await this.renew(answer.body.soft_logout === true, token);
    return fresh === null ? answer : exchange(this.fetcher, session.base, fresh, request);
  }

  async call(request: HttpRequest): Promise<HttpAnswer['body']> {
    const answer = await this.exchange(request);
    if (answer.status < 200 || answer.status >= 300) {
      throw serverError(answer.status, answer.body);
    }
    return answer.body;
  }

  /**
   * A new access token, by the refresh token; null when there is none to be had, and then the session is over (or
   * asks for the password, when `soft`). `refused`: the token that did not work; another one is given at once.
   */
  async renew(soft: boolean, refused?: string): Promise<string | null> {
    const session = this.active;
    if (session === null) {
      return null;
    }
    if (refused !== undefined && refused !== session.accessToken) {
      return session.accessToken;
    }
    this.renewal ??= this.refresh(session, soft).finally(() => {
      this.renewal = null;
    });
    return this.renewal;
  }

  async login(request: LoginRequest): Promise<void> {
    const before = this.signed;
    const server = await this.serverFor(request.server, request.user);
    const body: LoginRequestBody = {
      type: 'm.login.password',
      identifier: identifierOf(request.user.trim()),
      password: request.password,
      refresh_token: true,
      // The same device goes on with its queue: transaction ids belong to a device.
      ...(before === null ? {} : { device_id: before.deviceId }),
      initial_device_display_name: DEVICE_NAME,
    };
    const answer = await call(this.fetcher, server.url, null, { method: 'POST', path: `${V3}/login`, body });
    await this.begin(server.url, answer);
  }

  /** Spec: Client-Server API, Token-based login. */
  async loginByToken({ server, token }: TokenLogin): Promise<void> {
    const before = this.signed;
    const body = {
      type: 'm.login.token',
      token,
      refresh_token: true,
      ...(before === null ? {} : { device_id: before.deviceId }),
      initial_device_display_name: DEVICE_NAME,
    };
    await this.begin(server, await call(this.fetcher, server, null, { method: 'POST', path: `${V3}/login`, body }));
  }

  async requestSmsCode(request: SmsCodeRequest): Promise<SmsCode> {
    const { url } = await this.serverFor(request.server, '');
    return requestSmsCode(this.fetcher, url, request);
  }

  async loginBySms(request: SmsLogin): Promise<SmsOutcome> {
    const before = this.signed;
    const { url } = await this.serverFor(request.server, '');
    const ticket = object(await this.database.value(TICKET));
    const body = {
      ...smsLoginBody(request),
      ...(ticket.base === url ? { return_ticket: ticket.ticket } : {}),
      refresh_token: true,
      ...(before === null ? {} : { device_id: before.deviceId }),
      initial_device_display_name: DEVICE_NAME,
    };
    const answer = await exchange(this.fetcher, url, null, { method: 'POST', path: `${V3}/login`, body });
    const outcome = smsOutcome(answer);
    if (outcome.done) {
      await this.begin(url, answer.body);
      await this.introduce(request.signUp?.name ?? '');
    }
    return outcome;
  }

  async signInState(request: Pick<SmsLogin, 'server' | 'sid' | 'secret'>): Promise<SignInState> {
    const { url } = await this.serverFor(request.server, '');
    return signInState(this.fetcher, url, request);
  }

  async register(request: RegisterRequest): Promise<RegisterOutcome> {
    const server = await this.serverFor(request.server, '');
    const fields = {
      username: request.username,
      password: request.password,
      refresh_token: true,
      initial_device_display_name: DEVICE_NAME,
    };
    let auth: Record<string, unknown> | undefined;
    let tried = '';
    for (;;) {
      const body = auth === undefined ? fields : { ...fields, auth };
      const answer = await exchange(this.fetcher, server.url, null, { method: 'POST', path: `${V3}/register`, body });
      if (answer.status === 200) {
        await this.begin(server.url, answer.body);
        return { done: true };
      }
      if (answer.status !== 401 || !Array.isArray(answer.body.flows)) {
        throw serverError(answer.status, answer.body);
      }
      const next = nextStage(answer.body);
      if (next === null || next === tried) {
        const wrongToken = next === 'm.login.registration_token';
        return { done: false, needs: wrongToken ? 'wrongToken' : 'unsupported', stages: stagesOf(answer.body).flat() };
      }
      if (next === 'm.login.registration_token' && request.token === undefined) {
        return { done: false, needs: 'token', stages: [next] };
      }
      tried = next;
      const token = next === 'm.login.registration_token' ? { token: request.token } : {};
      auth = { type: next, session: text(answer.body.session), ...token };
    }
  }

  async usernameAvailable(server: string | null, username: string): Promise<boolean> {
    const { url } = await this.serverFor(server, '');
    const request = { method: 'GET', path: `${V3}/register/available`, query: { username } } as const;
    const answer = await exchange(this.fetcher, url, null, request);
    if (answer.status === 200) {
      return answer.body.available === true;
    }
    if (answer.body.errcode === 'M_USER_IN_USE') {
      return false;
    }
    throw serverError(answer.status, answer.body);
  }

  /** Ends the session here, and on the server if it can be reached. */
  async logout(): Promise<void> {
    const session = this.active;
    if (session !== null) {
      const request = { method: 'POST', path: `${V3}/logout`, body: {}, timeoutMs: 5_000 } as const;
      const answer = await exchange(this.fetcher, session.base, session.accessToken, request).catch(() => null);
      await this.end(false);
      const ticket = textOrNull(answer?.body['app.hearth.return_ticket']);
      if (ticket !== null) await this.database.setValue(TICKET, { base: session.base, ticket });
      return;
    }
    await this.end(false);
  }

  async discover(server: string): Promise<ServerInfo> {
    return lookUp(this.fetcher, server);
  }

  private async serverFor(typed: string | null, user: string): Promise<{ readonly url: string }> {
    if (this.signed !== null) {
      return { url: this.signed.base };
    }
    const named = typed ?? (user.startsWith('@') ? user.slice(user.indexOf(':') + 1) : null);
    if (named !== null && named !== this.suggested?.name) {
      return lookUp(this.fetcher, named).catch((error: unknown) => {
        // The user's own server may be the one that this page belongs to, under another name.
        if (typed === null && this.suggested !== null) {
          return this.suggested;
        }
        throw error;
      });
    }
    if (this.suggested === null) {
      throw failure('NO_SERVER', 'no homeserver is known');
    }
    return this.suggested;
  }

  /** Sets the name of a new account. It stands without one, too: a failure is no reason to keep anybody out. */
  private async introduce(name: string): Promise<void> {
    if (name !== '' && this.userId !== null) {
      const profile = V3 + path`/profile/${this.userId}/displayname`;
      await this.call({ method: 'PUT', path: profile, body: { displayname: name } }).catch(() => null);
    }
  }

  private async begin(base: string, answer: HttpAnswer['body']): Promise<void> {
    const userId = text(answer.user_id);
    const deviceId = text(answer.device_id);
    if (userId === '' || deviceId === '' || text(answer.access_token) === '') {
      throw failure('BAD_ANSWER', 'no session in the answer');
    }
    if (this.signed !== null && this.signed.userId !== userId) {
      await this.database.wipe();
    }
    const wellKnown = textOrNull(object(object(answer.well_known)['m.homeserver']).base_url);
    this.signed = { userId, deviceId, base: wellKnown?.replace(/\/+$/, '') ?? base, soft: false, ...tokensOf(answer) };
    await this.keep();
    this.expired = false;
    this.changed();
  }

  private async refresh(session: Signed, soft: boolean): Promise<string | null> {
    if (session.refreshToken === null) {
      await (soft ? this.soften(session) : this.end(true));
      return null;
    }
    try {
      const body = { refresh_token: session.refreshToken };
      const answer = await call(this.fetcher, session.base, null, { method: 'POST', path: `${V3}/refresh`, body });
      const tokens = tokensOf(answer);
      this.signed = { ...session, ...tokens, refreshToken: tokens.refreshToken ?? session.refreshToken };
      // Written before it is used: a refresh token works only once.
      await this.keep();
      return this.signed.accessToken;
    } catch (error) {
      if (isPassing(errorInfo(error))) {
        throw error;
      }
      await (soft || isSoftLogout(error) ? this.soften(session) : this.end(true));
      return null;
    }
  }

  private async soften(session: Signed): Promise<void> {
    this.signed = { ...session, soft: true };
    await this.keep();
    this.changed();
  }

  private async end(expired: boolean): Promise<void> {
    const base = this.signed?.base;
    this.signed = null;
    await this.database.wipe();
    this.expired = expired;
    this.suggested = await firstServer(this.fetcher, [...this.candidates, ...(base === undefined ? [] : [base])]);
    this.changed();
  }
}

/** Whom somebody means who types a name, an address of a user, an e-mail address, or a number with its dial code. */
function identifierOf(typed: string): LoginRequestBody['identifier'] {
  if (/^\+[\d\s().\-/]+$/.test(typed)) {
    return { type: 'm.id.phone', country: '', phone: typed };
  }
  if (/^[^@\s]+@[^@\s]+$/.test(typed)) {
    return { type: 'm.id.thirdparty', medium: 'email', address: typed };
  }
  return { type: 'm.id.user', user: typed };
}
