import 'fake-indexeddb/auto';
import { describe, expect, test } from 'vitest';
import { Database } from '../../src/engine/db/database';
import { Session } from '../../src/engine/session';
import type { Json } from '../../src/model/events';
import { freshDatabase, until } from './support/page';

const BASE = 'http://home.test';
const ANSWER = { user_id: '@ann:test', device_id: 'DEV', access_token: 'a1', refresh_token: 'r1' };

type Reply = (body: Json, token: string | null) => [number, Json];

/** A session on a server that answers registration, refresh and the rest as told. */
async function session(replies: Readonly<Record<string, Reply>>) {
  const bodies: Json[] = [];
  const fetcher = async (input: string, init: RequestInit): Promise<Response> => {
    const path = new URL(input).pathname.replace('/_matrix/client', '');
    const body = typeof init.body === 'string' ? (JSON.parse(init.body) as Json) : {};
    bodies.push({ path, ...body });
    const token = new Headers(init.headers).get('Authorization')?.slice('Bearer '.length) ?? null;
    const reply = replies[path] ?? (() => [200, { versions: ['v1.19'], flows: [] }] as [number, Json]);
    const [status, answer] = reply(body, token);
    return new Response(JSON.stringify(answer), { status });
  };
  const database = await Database.open(freshDatabase());
  const made = new Session(database, fetcher, [BASE], () => undefined);
  await made.load();
  return { made, bodies, database };
}

const uia = (stages: string[], completed: string[] = []): [number, Json] => [
  401,
  { session: 's', flows: [{ stages }], completed },
];

describe('registration', () => {
  test('does the stages that the server asks for', async () => {
    const { made, bodies } = await session({
      '/v3/register': (body) => (body.auth === undefined ? uia(['m.login.dummy']) : [200, ANSWER]),
    });
    expect(await made.register({ server: null, username: 'ann', password: 'p' })).toEqual({ done: true });
    expect(bodies.at(-1)).toMatchObject({ auth: { type: 'm.login.dummy', session: 's' }, refresh_token: true });
    expect(made.state).toMatchObject({ phase: 'signedIn', userId: '@ann:test' });
  });

  test('asks for a token, says when it is wrong, and goes on with a right one', async () => {
    const { made } = await session({
      '/v3/register': (body) => {
        const auth = body.auth as Json | undefined;
        if (auth?.type === 'm.login.registration_token' && auth.token === 'good') {
          return uia(['m.login.registration_token', 'm.login.dummy'], ['m.login.registration_token']);
        }
        return auth?.type === 'm.login.dummy' ? [200, ANSWER] : uia(['m.login.registration_token', 'm.login.dummy']);
      },
    });
    const request = { server: null, username: 'ann', password: 'p' };
    expect(await made.register(request)).toMatchObject({ done: false, needs: 'token' });
    expect(await made.register({ ...request, token: 'bad' })).toMatchObject({ done: false, needs: 'wrongToken' });
    expect(await made.register({ ...request, token: 'good' })).toEqual({ done: true });
  });

  test('says which stages it cannot do', async () => {
    const { made } = await session({ '/v3/register': () => uia(['m.login.email.identity']) });
    expect(await made.register({ server: null, username: 'ann', password: 'p' })).toEqual({
      done: false,
      needs: 'unsupported',
      stages: ['m.login.email.identity'],
    });
  });

  test('passes on that a name is taken', async () => {
    const { made } = await session({ '/v3/register': () => [400, { errcode: 'M_USER_IN_USE', error: 'taken' }] });
    await expect(made.register({ server: null, username: 'ann', password: 'p' })).rejects.toMatchObject({
      info: { errcode: 'M_USER_IN_USE' },
    });
  });
});

describe('tokens', () => {
  const login: Reply = () => [200, ANSWER];

  test('are renewed once for all who wait, and the new refresh token is kept', async () => {
    let refreshes = 0;
    const { made, database } = await session({
      '/v3/login': login,
      '/v3/refresh': (body) => {
        refreshes += 1;
        return body.refresh_token === 'r1' ? [200, { access_token: 'a2', refresh_token: 'r2' }] : [401, {}];
      },
      '/v3/thing': (_body, token) => (token === 'a2' ? [200, { ok: true }] : [401, { errcode: 'M_UNKNOWN_TOKEN' }]),
    });
    await made.login({ server: null, user: 'ann', password: 'p' });
    const thing = { method: 'GET', path: '/_matrix/client/v3/thing' } as const;
    const answers = await Promise.all([made.call(thing), made.call(thing), made.call(thing)]);
    expect(answers).toEqual([{ ok: true }, { ok: true }, { ok: true }]);
    expect(refreshes).toBe(1);
    expect(await database.value('session')).toMatchObject({ accessToken: 'a2', refreshToken: 'r2' });
  });

  test('that cannot be renewed end the session, and nothing of it stays', async () => {
    const { made, database } = await session({
      '/v3/login': login,
      '/v3/refresh': () => [401, { errcode: 'M_UNKNOWN_TOKEN' }],
      '/v3/thing': () => [401, { errcode: 'M_UNKNOWN_TOKEN' }],
    });
    await made.login({ server: null, user: 'ann', password: 'p' });
    await expect(made.call({ method: 'GET', path: '/_matrix/client/v3/thing' })).rejects.toThrow('M_UNKNOWN_TOKEN');
    await until(() => made.state.phase === 'signedOut');
    expect(made.state).toMatchObject({ expired: true });
    expect(await database.value('session')).toBeNull();
  });

  test('are not given up for a server in trouble', async () => {
    const { made } = await session({
      '/v3/login': login,
      '/v3/refresh': () => [503, { errcode: 'M_UNKNOWN' }],
      '/v3/thing': () => [401, { errcode: 'M_UNKNOWN_TOKEN' }],
    });
    await made.login({ server: null, user: 'ann', password: 'p' });
    await expect(made.call({ method: 'GET', path: '/_matrix/client/v3/thing' })).rejects.toMatchObject({
      info: { status: 503 },
    });
    expect(made.state.phase).toBe('signedIn');
  });
});

describe('who signs in by password', () => {
  test.each([
    [' ann ', { type: 'm.id.user', user: 'ann' }],
    ['@ann:test', { type: 'm.id.user', user: '@ann:test' }],
    ['ann@example.org', { type: 'm.id.thirdparty', medium: 'email', address: 'ann@example.org' }],
    ['+44 7400 123456', { type: 'm.id.phone', country: '', phone: '+44 7400 123456' }],
  ])('may be named as %s', async (user, identifier) => {
    const { made, bodies } = await session({ '/v3/login': () => [200, ANSWER] });
    await made.login({ server: BASE, user, password: 'p' });
    expect(bodies.at(-1)).toMatchObject({ path: '/v3/login', identifier });
  });
});
