/** Contents of what we send. */
import type { Json } from './events';

export function messageContent(
  body: string,
  reply: { readonly eventId: string; readonly sender: string | null } | null,
): Json {
  if (reply === null) {
    return { msgtype: 'm.text', body, 'm.mentions': {} };
  }
  return {
    msgtype: 'm.text',
    body,
    // A reply tells the one who is answered. Spec: Client-Server API, Rich replies, Mentioning the replied to user.
    'm.mentions': reply.sender === null ? {} : { user_ids: [reply.sender] },
    'm.relates_to': { 'm.in_reply_to': { event_id: reply.eventId } },
  };
}

export function editContent(body: string, target: string): Json {
  return {
    msgtype: 'm.text',
    body: `* ${body}`,
    'm.mentions': {},
    'm.new_content': { msgtype: 'm.text', body, 'm.mentions': {} },
    'm.relates_to': { rel_type: 'm.replace', event_id: target },
  };
}

export function reactionContent(target: string, key: string): Json {
  return { 'm.relates_to': { rel_type: 'm.annotation', event_id: target, key } };
}
