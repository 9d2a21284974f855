import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { HttpAnswer } from '../../src/engine/api/http';
import { requestSmsCode, smsOutcome } from '../../src/engine/phone';
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
    expect(() => smsOutcome(refused({ errcode: 'M_THREEPID_AUTH_FAILED' }, 400))).toThrow('M_THREEPID_AUTH_FAILED');
  });
});
