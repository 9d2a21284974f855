import { describe, expect, test } from 'vitest';
import { firstServer, lookUp } from '../../src/engine/discovery';

type Answers = Readonly<Record<string, readonly [number, unknown]>>;

function web(answers: Answers) {
  const asked: string[] = [];
  const fetcher = async (input: string, init: RequestInit): Promise<Response> => {
    asked.push(`${init.method} ${input}`);
    const answer = answers[input];
    if (answer === undefined) {
      throw new TypeError('unreachable');
    }
    return new Response(JSON.stringify(answer[1]), { status: answer[0] });
  };
  return { fetcher, asked };
}

function homeserver(base: string, flows: unknown = [{ stages: ['m.login.dummy'] }], status = 401): Answers {
  return {
    [`${base}/_matrix/client/versions`]: [200, { versions: ['v1.19'] }],
    [`${base}/_matrix/client/v3/login`]: [200, { flows: [{ type: 'm.login.password' }] }],
    [`${base}/_matrix/client/v3/register`]: [status, { session: 's', flows }],
  };
}

describe('discovery', () => {
  test('follows the well-known of a name to another address', async () => {
    const { fetcher } = web({
      'https://example.org/.well-known/matrix/client': [
        200,
        { 'm.homeserver': { base_url: 'https://matrix.example.org/' } },
      ],
      ...homeserver('https://matrix.example.org'),
    });
    expect(await lookUp(fetcher, 'example.org')).toEqual({
      name: 'example.org',
      url: 'https://matrix.example.org',
      passwordLogin: true,
      phoneLogin: false,
      sso: [],
      registration: 'open',
    });
  });

  test('stays with an address that is a homeserver, wherever its well-known points', async () => {
    const pointed: Answers = {
      'http://here/.well-known/matrix/client': [200, { 'm.homeserver': { base_url: 'http://there' } }],
    };
    const { fetcher } = web({ ...pointed, ...homeserver('http://here'), ...homeserver('http://there') });
    expect((await lookUp(fetcher, 'http://here')).url).toBe('http://here');
  });

  test('takes the name that a server tells others, where an address is all that is known', async () => {
    const keys: Answers = { 'http://here/_matrix/key/v2/server': [200, { server_name: 'example.org' }] };
    expect((await lookUp(web({ ...keys, ...homeserver('http://here') }).fetcher, 'http://here')).name).toBe(
      'example.org',
    );
    expect((await lookUp(web(homeserver('http://here')).fetcher, 'http://here')).name).toBe('here');
  });

  test('names those at whom one can sign in for it', async () => {
    const answers = homeserver('https://example.org');
    const login = (...flows: object[]) => ({
      ...answers,
      'https://example.org/_matrix/client/v3/login': [200, { flows }] as [number, unknown],
    });
    const sso = async (...flows: object[]) => (await lookUp(web(login(...flows)).fetcher, 'example.org')).sso;
    const works = { id: 'works', name: 'Works & Co', brand: 'x' };
    expect(await sso({ type: 'm.login.sso', identity_providers: [works, { id: 7 }] })).toEqual([
      { id: 'works', name: 'Works & Co' },
    ]);
    expect(await sso({ type: 'm.login.password' }, { type: 'm.login.sso' })).toEqual([{ id: null, name: '' }]);
    expect(await sso({ type: 'm.login.token' })).toEqual([]);
  });

  test('takes the address itself where there is no well-known', async () => {
    const { fetcher } = web(homeserver('https://example.org'));
    expect((await lookUp(fetcher, 'https://example.org/')).url).toBe('https://example.org');
  });

  test('asks a server on this machine without TLS', async () => {
    const { fetcher } = web(homeserver('http://localhost:8008'));
    expect((await lookUp(fetcher, 'localhost:8008')).url).toBe('http://localhost:8008');
  });

  test('takes its own origin first, and what was set as default only when nothing is there', async () => {
    const here = web({ ...homeserver('http://here'), ...homeserver('https://set') });
    expect((await firstServer(here.fetcher, ['http://here', 'https://set']))?.url).toBe('http://here');
    const away = web(homeserver('https://set'));
    expect((await firstServer(away.fetcher, ['http://here', 'https://set']))?.url).toBe('https://set');
    expect(await firstServer(web({}).fetcher, ['http://here'])).toBeNull();
  });

  test.each(['', '   ', 'not a server', 'javascript:alert(1)', 'nobody.example'])(
    'says that %j is no server',
    async (typed) => {
      await expect(lookUp(web({}).fetcher, typed)).rejects.toMatchObject({ info: { errcode: 'NO_SERVER' } });
    },
  );

  test('is not led to an address that is no web address', async () => {
    const { fetcher } = web({
      'https://example.org/.well-known/matrix/client': [200, { 'm.homeserver': { base_url: 'file:///etc' } }],
      ...homeserver('https://example.org'),
    });
    expect((await lookUp(fetcher, 'example.org')).url).toBe('https://example.org');
  });

  test.each([
    ['open', [{ stages: ['m.login.dummy'] }], 401],
    ['token', [{ stages: ['m.login.registration_token'] }], 401],
    ['open', [{ stages: ['m.login.registration_token'] }, { stages: ['m.login.dummy'] }], 401],
    ['unsupported', [{ stages: ['m.login.email.identity'] }], 401],
    ['closed', [], 403],
  ])('tells that registration is %s', async (registration, flows, status) => {
    const { fetcher } = web(homeserver('https://example.org', flows, status));
    expect((await lookUp(fetcher, 'example.org')).registration).toBe(registration);
  });
});
