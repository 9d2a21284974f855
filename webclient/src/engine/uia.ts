/** Calls that the server wants more proof for. Spec: Client-Server API, User-Interactive Authentication API. */
import { type Json, list, object, texts } from '../model/events';
import type { Confirmation } from '../store/contract';
import { type HttpRequest, serverError } from './api/http';
import type { Core } from './core';

/** The answer of a call that was confirmed. Rejects with `M_FORBIDDEN` for a wrong password. */
export async function confirmed(core: Core, request: HttpRequest, confirmation: Confirmation): Promise<Json> {
  const asked = await core.exchange(request);
  if (asked.status < 300) {
    return asked.body;
  }
  const stage = stageOf(core, confirmation);
  const stages = list(asked.body.flows).flatMap((flow) => texts(object(flow).stages));
  if (asked.status !== 401 || !stages.includes(stage.type)) {
    throw serverError(asked.status, asked.body);
  }
  const auth = { ...stage, session: asked.body.session };
  const answer = await core.exchange({ ...request, body: { ...object(request.body), auth } });
  if (answer.status >= 300) {
    throw serverError(answer.status === 401 ? 403 : answer.status, { errcode: 'M_FORBIDDEN', ...answer.body });
  }
  return answer.body;
}

function stageOf(core: Core, given: Confirmation): Json & { readonly type: string } {
  if ('password' in given) {
    const identifier = { type: 'm.id.user', user: core.account.me };
    return { type: 'm.login.password', identifier, password: given.password };
  }
  return { type: 'm.login.msisdn', threepid_creds: { sid: given.sid, client_secret: given.secret } };
}
