import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { HttpAnswer, HttpRequest } from '../../src/engine/api/http';
import { numberCommands, requestSmsCode, smsOutcome } from '../../src/engine/phone';
import { solve } from '../../src/engine/work';

const refused = (body: HttpAnswer['body'], status = 401): HttpAnswer => ({ status, body });

describe('work', () => {
  test.each([0, 40, 54, 62, 63, 76, 127])('has a digest that begins with zeros, after %d signs', async (length) => {
    const challenge = 'c'.repeat(length);
    const proof = await solve(challenge, 10);
    expect(proof.startsWith(`${challenge}:`)).toBe(true);
    expect(createHash('sha256').update(proof).digest().readUInt16BE() >> 6).toBe(0);
  });

  test('is done when the server asks for it, and shown with the same request', async () => {
    const bodies: Record<string, unknown>[] = [];
    const fetcher = async (_input: string, init: RequestInit): Promise<Response> => {
      const body = JSON.parse(String(init.body)) as Record<string, unknown>;
      bodies.push(body);
      const asked = { errcode: 'APP.HEARTH.WORK_NEEDED', 'app.hearth.challenge': 'x', 'app.hearth.bits': 4 };
      return body.proof === undefined
        ? new Response(JSON.stringify(asked), { status: 403 })
        : new Response(JSON.stringify({ sid: 's', number: '+44 7400 123001' }));
    };
    const request = { server: null, number: '7400123001', country: 'GB', secret: 'c', attempt: 1 };
    expect(await requestSmsCode(fetcher, 'http://x', request)).toEqual({ sid: 's', number: '+44 7400 123001' });
    expect(bodies[1]).toMatchObject({ ...bodies[0], proof: expect.stringMatching(/^x:/) });
  });
});

describe('what a server wants after the code', () => {
  test('is a name, a password, or nothing', () => {
    expect(smsOutcome({ status: 200, body: {} })).toEqual({ done: true });
    expect(smsOutcome(refused({ errcode: 'APP.HEARTH.NEW_NUMBER' }))).toEqual({ done: false, needs: 'name' });
    const idle = { errcode: 'APP.HEARTH.PASSWORD_NEEDED', 'app.hearth.idle': true };
    expect(smsOutcome(refused(idle))).toEqual({ done: false, needs: 'password', idle: true });
    const more = {
      errcode: 'APP.HEARTH.APPROVAL_NEEDED',
      'app.hearth.ways': ['approval', 'recovery', 'magic'],
      'app.hearth.number': '07',
    };
    const known = { done: false, needs: 'more', ways: ['approval', 'recovery'], idle: false };
    expect(smsOutcome(refused(more))).toEqual({ ...known, number: '07', dueTs: null });
    const alone = { ...more, 'app.hearth.ways': ['recovery'], 'app.hearth.number': undefined, 'app.hearth.due_ts': 5 };
    expect(smsOutcome(refused(alone))).toEqual({ ...known, ways: ['recovery'], number: null, dueTs: 5 });
    expect(() => smsOutcome(refused({ errcode: 'M_THREEPID_AUTH_FAILED' }, 400))).toThrow('M_THREEPID_AUTH_FAILED');
  });
});

describe('my numbers', () => {
  const me = '@ann:test';
  const proof = { sid: 's', secret: 'c' };

  /** A server that wants a password or a code for what changes something; it takes the password `right`. */
  function numbers(answer: HttpAnswer['body'] = {}) {
    const asked: { readonly path: string; readonly body: Record<string, unknown> }[] = [];
    const exchange = async ({ path, body }: HttpRequest): Promise<HttpAnswer> => {
      const given = { ...(body as Record<string, unknown> | undefined) };
      asked.push({ path, body: given });
      const auth = given.auth as { readonly password?: string } | undefined;
      if (given.wait !== true && auth === undefined) {
        const flows = [{ stages: ['m.login.password'] }, { stages: ['m.login.msisdn'] }];
        return { status: 401, body: { session: 'u', flows } };
      }
      return auth?.password === 'wrong' ? { status: 401, body: { session: 'u' } } : { status: 200, body: answer };
    };
    const http = async (request: HttpRequest) => (await exchange(request)).body;
    const people = {
      createChatByAddress: async (invited: unknown) => asked.push({ path: 'new chat', body: { invited } }),
    };
    const core = { account: { me }, exchange, http, people } as unknown as Parameters<typeof numberCommands>[0];
    return { commands: numberCommands(core), asked };
  }

  test('are added by a code to the number and the password', async () => {
    const { commands, asked } = numbers();
    await commands.addNumber(proof, { password: 'right' });
    expect(asked.at(-1)).toEqual({
      path: '/_matrix/client/v3/account/3pid/add',
      body: {
        sid: 's',
        client_secret: 'c',
        auth: {
          type: 'm.login.password',
          session: 'u',
          identifier: { type: 'm.id.user', user: me },
          password: 'right',
        },
      },
    });
  });

  test('stay as they are when the password is wrong', async () => {
    const { commands } = numbers();
    await expect(commands.addNumber(proof, { password: 'wrong' })).rejects.toMatchObject({
      info: { errcode: 'M_FORBIDDEN', status: 403 },
    });
  });

  test('change at once by a code to the old one, and in a week by nothing', async () => {
    const now = numbers({ changed: true });
    const confirmation = { sid: 'o', secret: 'p' };
    expect(await now.commands.changeNumber({ proof, old: '447400123456', confirmation })).toBeNull();
    expect(now.asked.at(-1)?.body.auth).toMatchObject({
      type: 'm.login.msisdn',
      threepid_creds: { sid: 'o', client_secret: 'p' },
    });
    const later = numbers({ changed: false, due_ts: 1234 });
    expect(await later.commands.changeNumber({ proof, old: '447400123456', confirmation: null })).toBe(1234);
    expect(later.asked.map(({ body }) => body.wait)).toEqual([true]);
  });

  test('are told which device may come in, by its number or not at all', async () => {
    const { commands, asked } = numbers();
    // The server of this test wants a confirmation for what it does not know: what is asked for counts.
    await Promise.allSettled([commands.answerSignIn('r/1', '07'), commands.answerSignIn('r/1', null)]);
    expect(asked.map(({ path, body }) => [path.split('app.hearth')[1], body])).toEqual([
      ['/account/sign_ins/r%2F1', { number: '07' }],
      ['/account/sign_ins/r%2F1', { number: null }],
    ]);
  });

  test('begin a chat with whoever has one', async () => {
    const { commands, asked } = numbers();
    await commands.createChatByNumber({ number: '7400 123456', country: 'GB' });
    expect(asked[0]).toMatchObject({
      path: 'new chat',
      body: { invited: { medium: 'msisdn', address: '7400 123456' } },
    });
  });

  test('invite by the server that both are of', async () => {
    const { commands, asked } = numbers();
    await commands.inviteNumber('!r:test', { number: '7400 123456', country: 'GB' });
    expect(asked[0]).toEqual({
      path: '/_matrix/client/v3/rooms/!r%3Atest/invite',
      body: {
        medium: 'msisdn',
        address: '7400 123456',
        'app.hearth.country': 'GB',
        id_server: 'test',
        id_access_token: '',
      },
    });
  });
});
