/** Rooms, members and people as pages show them. */
import {
  type Json,
  localpart,
  type MatrixEvent,
  object,
  SILENT,
  type StateEvent,
  text,
  textOrNull,
  texts,
} from '../../model/events';
import { PACK } from '../../model/image-packs';
import { mediaOf } from '../../model/media';
import { cleanName, roomName } from '../../model/names';
import { levelOf, type Powers, powersOf } from '../../model/powers';
import { previewBody } from '../../model/preview';
import type { Delivery, Member, MyPower, Preview, Room, Standing, User } from '../../store/contract';
import { localKey } from '../send/ops';
import type { Account, MemberData, RoomData } from './account';
import { isCleared, uncleared } from './cleared';
import { controlsAt, groupFacts } from './group-facts';
import { deliveryOf, eventItem } from './items';
import { avatarOf, nameIn } from './members';
import { hiddenIn, savedRoom } from './own-data';
import type { RoomTimeline } from './timeline';

const BY_NUMBER = 'm.room.third_party_invite';
const IS_DIRECT = 'app.hearth.is_direct';
/** Units of what is shown of a sign: some clients send words. */
const SIGN_LONGEST = 25;

export function roomView(account: Account, room: RoomData): Room {
  const powers = roomPowers(account, room.id);
  const partners = dmPartners(account, room);
  const kind =
    account.content(room.id, 'm.room.create').type === 'm.space' ? 'space' : partners === null ? 'group' : 'dm';
  const others = heroesFor(account, room);
  const tags = object(object(room.accountData['m.tag']).tags);
  return {
    id: room.id,
    name: roomName({
      name: textOrNull(account.content(room.id, 'm.room.name').name),
      alias: textOrNull(account.content(room.id, 'm.room.canonical_alias').alias) ?? room.serverName,
      heroes: others.length > 0 ? others : invitedByNumber(room).map(asHero),
      people: room.joined + room.invited,
    }),
    avatar:
      avatarOf(account.content(room.id, 'm.room.avatar').url) ??
      room.serverAvatar ??
      (kind === 'dm' && others.length === 1 ? (others[0]?.avatar ?? null) : null),
    kind,
    dmUserId: kind === 'dm' && partners?.length === 1 ? (partners[0] ?? null) : null,
    membership: room.membership,
    saved: savedRoom(account) === room.id,
    pins: texts(account.content(room.id, 'm.room.pinned_events').pinned),
    inviter: room.membership === 'invite' ? textOrNull(account.member(room.id, account.me)?.sender) : null,
    topic: text(account.content(room.id, 'm.room.topic').topic),
    encrypted: account.encrypted.has(room.id),
    isPublic: account.content(room.id, 'm.room.join_rules').join_rule === 'public',
    preview: withPending(account, room),
    unread: {
      notifications: room.notifications,
      highlights: room.highlights,
      marked: object(room.accountData['m.marked_unread']).unread === true,
    },
    unreadThreads: Object.keys(room.threadCounts ?? {}).length,
    pinned: tags['m.favourite'] !== undefined,
    lowPriority: tags['m.lowpriority'] !== undefined,
    muted: isMuted(account, room.id),
    joinedCount: room.joined,
    invitedCount: room.invited,
    my: powerAt(powers, levelOf(powers, account.me)),
    powers: powers.users,
    defaultPower: powers.usersDefault,
    readUpTo: room.myRead?.eventId ?? null,
    bumpStamp: room.bumpStamp,
    group: groupFacts(account, room, powers),
  };
}

export function roomPowers(account: Account, roomId: string): Powers {
  const create = account.state(roomId, 'm.room.create');
  const levels = account.state(roomId, 'm.room.power_levels');
  return powersOf(levels?.content ?? null, create?.content ?? {}, create?.sender ?? '');
}

/** Whom a room is a private chat with; null when it is none. By `m.direct`, or by the flag of the invitation. */
function dmPartners(account: Account, room: RoomData): string[] | null {
  const direct = account.accountData.get('m.direct') ?? {};
  const partners = Object.keys(direct).filter((userId) => texts(direct[userId]).includes(room.id));
  if (partners.length > 0) {
    return partners;
  }
  const mine = account.member(room.id, account.me);
  const invited = mine?.membership === 'invite' && mine.isDirect;
  const begun = invitedByNumber(room).some((one) => one.sender === account.me && one.content?.[IS_DIRECT] === true);
  return invited || begun || room.isDm ? heroesFor(account, room).map((hero) => hero.userId) : null;
}

/** Invitations of people who had no account then. */
function invitedByNumber(room: RoomData): readonly StateEvent[] {
  return Object.values(room.state).filter((event) => event.type === BY_NUMBER && text(event.content?.display_name));
}

/** Whoever it will be: the number, of which the last digits are shown. */
function asHero(event: StateEvent) {
  return { userId: '', displayName: text(event.content?.display_name), avatar: null };
}

/** Others to name the room after, in a steady order: the server's choice, else those present (else those who left). */
function heroesFor(account: Account, room: RoomData) {
  if (room.heroes.length > 0) {
    return room.heroes.map((hero) => {
      const member = account.member(room.id, hero.userId);
      return member === null ? hero : { ...hero, displayName: member.displayName, avatar: member.avatar };
    });
  }
  const others = [...(account.members.get(room.id)?.values() ?? [])].filter((member) => member.userId !== account.me);
  const present = others.filter((member) => member.membership === 'join' || member.membership === 'invite');
  const chosen = present.length > 0 ? present : others;
  const known = chosen.sort((a, b) => (a.userId < b.userId ? -1 : 1)).slice(0, 5);
  if (known.length > 0 || room.membership !== 'invite') {
    return known;
  }
  const inviter = account.member(room.id, account.me)?.sender ?? '';
  return inviter === '' ? [] : [{ userId: inviter, displayName: null, avatar: null }];
}

/** A rule of its own that says not to notify. Spec: Client-Server API, Push rules. */
function isMuted(account: Account, roomId: string): boolean {
  const rules = object(object(account.accountData.get('m.push_rules')).global);
  const own = [...asRules(rules.override), ...asRules(rules.room)].filter((rule) => rule.rule_id === roomId);
  return own.some((rule) => rule.enabled !== false && Array.isArray(rule.actions) && !rule.actions.includes('notify'));
}

function asRules(value: unknown) {
  return (Array.isArray(value) ? value : []).map(object);
}

/** What a level allows in a room, by its power levels of now. */
export function standingAt(account: Account, roomId: string, level: number): Standing {
  const powers = roomPowers(account, roomId);
  return { my: powerAt(powers, level), group: controlsAt(powers, level) };
}

function powerAt(powers: Powers, level: number): MyPower {
  const { need } = powers;
  return {
    level,
    sendMessages: level >= need.event('m.room.message'),
    redactOthers: level >= need.redact && level >= need.event('m.room.redaction'),
    invite: level >= need.invite,
    kick: level >= need.kick,
    ban: level >= need.ban,
    setName: level >= need.state('m.room.name'),
    setTopic: level >= need.state('m.room.topic'),
    setAvatar: level >= need.state('m.room.avatar'),
    setPowers: level >= need.state('m.room.power_levels'),
    pin: level >= need.state('m.room.pinned_events'),
    setPacks: level >= need.state(PACK),
    mentionAll: level >= need.notifyRoom,
  };
}

/** The last message, else the last service line, of the live fragment; what was known before if there is none. */
export function previewOf(account: Account, room: RoomData): Preview | null {
  const timeline = account.timelines.get(room.id);
  const before = room.preview !== null && isCleared(account, room.id, room.preview.ts) ? null : room.preview;
  if (timeline === undefined) {
    return before;
  }
  let service: Preview | null = null;
  let reaction: Preview | null = null;
  const hidden = hiddenIn(account, room.id);
  const shown = timeline.live === null ? [] : uncleared(account, timeline, timeline.live).ids;
  for (const id of shown.toReversed()) {
    const event = timeline.event(id);
    reaction ??= event === undefined ? null : reactionToMe(account, timeline, event);
    const item = event === undefined ? null : eventItem(account, timeline, event);
    if (item === null || item.kind === 'redacted' || hidden.has(id)) {
      continue;
    }
    const preview: Preview = {
      key: id,
      sender: item.sender,
      senderName: nameIn(account, room.id, item.sender),
      ts: item.ts,
      body: previewBody(item.kind, item.type, item.content, item.service),
      delivery: item.delivery === null ? null : deliveryOf(account, timeline, id),
      ...(item.content[SILENT] === true ? { silent: true } : {}),
      ...thumbnailOf(item.kind, item.type, item.content),
    };
    if (item.kind !== 'service') {
      return reaction ?? preview;
    }
    service ??= preview;
  }
  const stillThere = before !== null && timeline.event(before.key)?.unsigned?.redacted_because === undefined;
  return service === null || (stillThere && before.body.kind !== 'service') ? (stillThere ? before : null) : service;
}

/** What a reaction to a message of mine shows; null for anything else. */
function reactionToMe(account: Account, timeline: RoomTimeline, event: MatrixEvent): Preview | null {
  const relation = event.type === 'm.reaction' ? object(event.content['m.relates_to']) : {};
  const target = timeline.event(text(relation.event_id));
  const item = target?.sender === account.me ? eventItem(account, timeline, target) : null;
  const sign = text(relation.key);
  if (item === null || item.kind !== 'message' || sign === '' || event.sender === account.me) {
    return null;
  }
  const senderName = nameIn(account, timeline.roomId, event.sender);
  const of = previewBody(item.kind, item.type, item.content, null).text;
  const body = { kind: 'reaction', text: sign.slice(0, SIGN_LONGEST), name: senderName, of } as const;
  const { event_id: key, sender, origin_server_ts: ts } = event;
  return { key, sender, senderName, ts, body, delivery: null, target: text(relation.event_id) };
}

function thumbnailOf(kind: string, type: string, content: Json): Pick<Preview, 'thumbnail'> {
  const media = kind === 'message' && type === 'm.room.message' ? mediaOf(type, content) : null;
  const address = media?.thumbnail ?? (media?.kind === 'image' ? media.mxc : null);
  const isPicture = media?.kind === 'image' || media?.kind === 'video';
  return isPicture && address !== null ? { thumbnail: address } : {};
}

/** The preview with what I have just sent, before it comes back. */
function withPending(account: Account, room: RoomData): Preview | null {
  const op = account.opsOf(room.id).findLast((known) => known.kind === 'message');
  if (op === undefined) {
    return room.preview;
  }
  const delivery: Delivery = op.state === 'failed' ? 'failed' : op.state === 'sent' ? 'sent' : 'sending';
  return {
    key: localKey(op.txnId),
    sender: account.me,
    senderName: nameIn(account, room.id, account.me),
    ts: op.ts,
    body: previewBody('message', op.type, op.content, null),
    delivery,
  };
}

export function memberView(account: Account, member: MemberData, powers: Powers): Member {
  return {
    userId: member.userId,
    name: nameIn(account, member.roomId, member.userId),
    avatar: member.avatar,
    membership: member.membership,
    power: levelOf(powers, member.userId),
  };
}

export function userView(account: Account, member: Pick<MemberData, 'userId' | 'displayName' | 'avatar'>): User {
  const presence = account.presence.get(member.userId);
  return {
    id: member.userId,
    name: cleanName(member.displayName) ?? localpart(member.userId),
    avatar: member.avatar,
    presence: presence?.presence ?? null,
    lastActiveTs: presence?.lastActiveTs ?? null,
  };
}
