/**
 * Finds the homeserver. Spec: Client-Server API, Server discovery. The page's own origin is asked first (it is served
 * by its homeserver), then the address that was set as default, then whatever the user types.
 */
import { type Json, list, object, text, textOrNull } from '../model/events';
import type { ServerInfo, SsoProvider } from '../store/contract';
import { exchange, type Fetch, failure, type HttpAnswer } from './api/http';
import { SMS_LOGIN } from './phone';

const SERVER_NAME = 'app.hearth.server_name';
const PASSWORD = 'm.login.password';
const SSO = 'm.login.sso';
/** Stages of registration that can be done without a web page of the server. */
const KNOWN_STAGES = new Set(['m.login.dummy', 'm.login.registration_token']);
const LOCAL = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/;

/** Information on the first of `candidates` (addresses) that is a homeserver; null when none is. */
export async function firstServer(fetcher: Fetch, candidates: readonly string[]): Promise<ServerInfo | null> {
  for (const candidate of candidates) {
    try {
      return await lookUp(fetcher, candidate);
    } catch {
      // The next one may be it; that none is shows as null.
    }
  }
  return null;
}

/**
 * Looks up a name or an address. A name is followed to where its well-known points; an address that is a homeserver is
 * taken as it is, so that a page stays with the origin that serves it. Rejects with `NO_SERVER` when there is none.
 */
export async function lookUp(fetcher: Fetch, typed: string): Promise<ServerInfo> {
  const trimmed = typed.trim().replace(/\/+$/, '');
  const isFull = /^https?:\/\//.test(trimmed);
  const origin = isFull ? trimmed : `${LOCAL.test(trimmed) ? 'http' : 'https'}://${trimmed}`;
  if (trimmed === '' || !isAddress(origin)) {
    throw failure('NO_SERVER', 'not the name of a server');
  }
  const wellKnown = await ask(fetcher, origin, '/.well-known/matrix/client');
  const base = textOrNull(object(object(wellKnown?.body)['m.homeserver']).base_url)?.replace(/\/+$/, '') ?? origin;
  const pointed = isAddress(base) ? base : origin;
  const chosen = await firstHomeserver(fetcher, isFull ? [origin, pointed] : [pointed]);
  if (chosen === null) {
    throw failure('NO_SERVER', `no homeserver at ${new URL(pointed).host}`);
  }
  const flows = await ask(fetcher, chosen, '/_matrix/client/v3/login');
  const logins = list(flows?.body.flows).map((flow) => text(object(flow).type));
  return {
    // The name that user ids carry, where the server tells it; its address may differ from that.
    name:
      textOrNull(wellKnown?.body[SERVER_NAME]) ??
      (isFull ? await nameAt(fetcher, chosen) : null) ??
      new URL(origin).host,
    url: chosen,
    passwordLogin: logins.includes(PASSWORD),
    phoneLogin: logins.includes(SMS_LOGIN),
    sso: ssoProviders(list(flows?.body.flows).map(object)),
    registration: await registrationAt(fetcher, chosen),
  };
}

/** Spec: Client-Server API, m.login.sso flow schema. */
function ssoProviders(flows: readonly Json[]): SsoProvider[] {
  const flow = flows.find((one) => one.type === SSO);
  if (flow === undefined) {
    return [];
  }
  const named = list(flow.identity_providers)
    .map(object)
    .map((one) => ({ id: text(one.id), name: text(one.name) }))
    .filter((one) => one.id !== '' && one.name !== '');
  return named.length > 0 ? named : [{ id: null, name: '' }];
}

async function firstHomeserver(fetcher: Fetch, places: readonly string[]): Promise<string | null> {
  for (const place of places) {
    const versions = await ask(fetcher, place, '/_matrix/client/versions');
    if (versions?.status === 200 && Array.isArray(versions.body.versions)) {
      return place;
    }
  }
  return null;
}

/** The name of the server at an address, as it tells other servers. Spec: Server-Server API, Publishing Keys. */
async function nameAt(fetcher: Fetch, base: string): Promise<string | null> {
  const keys = await ask(fetcher, base, '/_matrix/key/v2/server');
  return textOrNull(keys?.body.server_name);
}

/** What the server asks of those who register: an empty request shows its flows. */
async function registrationAt(fetcher: Fetch, base: string): Promise<ServerInfo['registration']> {
  const answer = await exchange(fetcher, base, null, {
    method: 'POST',
    path: '/_matrix/client/v3/register',
    body: {},
  }).catch(() => null);
  if (answer?.status !== 401) {
    return 'closed';
  }
  const flows = stagesOf(answer.body).filter((stages) => stages.every((stage) => KNOWN_STAGES.has(stage)));
  if (flows.length === 0) {
    return 'unsupported';
  }
  return flows.some((stages) => !stages.includes('m.login.registration_token')) ? 'open' : 'token';
}

/** Stages of each flow of a UIA answer. Spec: Client-Server API, User-Interactive Authentication API. */
export function stagesOf(body: HttpAnswer['body']): string[][] {
  return list(body.flows).map((flow) => list(object(flow).stages).map(text));
}

/** The stage to do next, of a flow that we can do; null when there is none. */
export function nextStage(body: HttpAnswer['body']): string | null {
  const done = new Set((Array.isArray(body.completed) ? body.completed : []).map(text));
  const flows = stagesOf(body).filter((stages) => stages.every((stage) => KNOWN_STAGES.has(stage)));
  const shortest = flows.sort((a, b) => a.length - b.length)[0];
  return shortest?.find((stage) => !done.has(stage)) ?? null;
}

async function ask(fetcher: Fetch, base: string, path: string): Promise<HttpAnswer | null> {
  return exchange(fetcher, base, null, { method: 'GET', path, timeoutMs: 10_000 }).catch(() => null);
}

function isAddress(value: string): boolean {
  return URL.canParse(value) && /^https?:/.test(value);
}
