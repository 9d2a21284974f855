/** What belongs to the one who is signed in, read from account data. */
import { accentFrom } from '../../model/accents';
import { type Json, list, number, object, text, texts } from '../../model/events';
import { recentSigns } from '../../model/recent-emoji';
import { wallpaperFrom } from '../../model/wallpapers';
import { type ChatKind, type Folder, noOwn, type Own, type Without } from '../../store/own';
import type { SignIns } from '../../store/phone';
import type { ThreadNotify } from '../../store/threads';
import type { Account } from './account';

export const BLOCKED = 'm.ignored_user_list';
export const CONTACTS = 'app.hearth.contacts';
export const FOLDERS = 'app.hearth.folders';
export const PRIVACY = 'app.hearth.privacy';
export const SETTINGS = 'app.hearth.settings';
export const INVITES = 'm.invite_permission_config';
export const RECENT_EMOJI = 'm.recent_emoji';
const PUSH_RULES = 'm.push_rules';
/** What the ids of our rules of threads begin with. */
export const THREAD_RULE = 'app.hearth.thread.';
const EMOJI_MOST = 27;
const SIGN_MOST = 16;
/** Units of the longest emoji, a family of four with skins. */
const EMOJI_LONGEST = 25;
const SIGN_INS = 'app.hearth.sign_ins';

/** Kinds of account data that the view is made of. */
export const OWN_KINDS: ReadonlySet<string> = new Set([
  BLOCKED,
  CONTACTS,
  FOLDERS,
  PRIVACY,
  SETTINGS,
  INVITES,
  PUSH_RULES,
  RECENT_EMOJI,
  SIGN_INS,
]);

export function ownView(account: Account): Own {
  const data = (kind: string): Json => account.accountData.get(kind) ?? {};
  const privacy = data(PRIVACY);
  const settings = data(SETTINGS);
  const contacts = object(data(CONTACTS).contacts);
  const rules = object(data(PUSH_RULES).global);
  const on = (id: string) =>
    list(rules.underride)
      .map(object)
      .find((rule) => rule.rule_id === id)?.enabled !== false;
  return {
    blocked: Object.keys(object(data(BLOCKED).ignored_users)),
    contacts: Object.fromEntries(Object.entries(contacts).map(([id, one]) => [id, text(object(one).name)])),
    folders: list(data(FOLDERS).folders).map(object).flatMap(folder),
    tabs: { order: texts(data(FOLDERS).order), hidden: texts(data(FOLDERS).hidden) },
    privacy: {
      presence: privacy.presence === 'nobody' ? 'nobody' : 'everyone',
      receipts: privacy.receipts === 'private' ? 'private' : 'everyone',
      typing: privacy.typing !== false,
      invites: data(INVITES).default_action === 'block' ? 'nobody' : 'everyone',
    },
    settings: {
      desktop: settings.desktop !== false,
      cards: settings.cards !== false,
      sound: settings.sound !== false,
      volume: Math.min(1, Math.max(0, number(settings.volume, noOwn.settings.volume))),
      sendSound: settings.sendSound !== false,
      previews: settings.previews !== false,
      linkPreviews: settings.linkPreviews !== false,
      unarchive: settings.unarchive !== false,
      ctrlEnter: settings.ctrlEnter === true,
      deletedTrace: settings.deletedTrace === true,
      doubleClick: settings.doubleClick === 'reply' ? 'reply' : 'react',
      // A sign, not a text: it stands on buttons.
      favourite: text(settings.favourite).slice(0, SIGN_MOST) || noOwn.settings.favourite,
      hoverActions: settings.hoverActions !== false,
      wallpaper: wallpaperFrom(object(settings.wallpaper)),
      accent: accentFrom(settings.accent),
    },
    notify:
      rules.underride === undefined
        ? noOwn.notify
        : { dm: on('.m.rule.room_one_to_one'), group: on('.m.rule.message') },
    recentEmoji: recentSigns(data(RECENT_EMOJI), EMOJI_MOST),
    // The server's own rules have names that begin with a dot.
    keywords: list(rules.content)
      .map(object)
      .filter((rule) => rule.enabled !== false && !text(rule.rule_id).startsWith('.'))
      .map((rule) => text(rule.pattern)),
    threads: threadRules(rules),
    signIns: signIns(data(SIGN_INS)),
  };
}

/** Our rules of threads: which each is about stands in its condition, for an event id may be no id of a rule. */
function threadRules(rules: Json): Record<string, ThreadNotify> {
  const of = (kind: string, how: ThreadNotify) =>
    list(rules[kind])
      .map(object)
      .filter((rule) => text(rule.rule_id).startsWith(THREAD_RULE) && rule.enabled !== false)
      .map((rule): [string, ThreadNotify] => [text(object(list(rule.conditions)[0]).pattern), how]);
  return Object.fromEntries([...of('underride', 'none'), ...of('override', 'all')]);
}

function signIns(content: Json): SignIns {
  const where = (one: Json) => ({ ts: number(one.ts, 0), ip: text(one.ip), userAgent: text(one.user_agent) });
  const recovery = object(content.recovery);
  const dueTs = number(recovery.due_ts, 0);
  return {
    requests: list(content.requests)
      .map(object)
      .map((one) => ({ ...where(one), id: text(one.id), expiresTs: number(one.expires_ts, 0) })),
    recovery: dueTs === 0 ? null : { ...where(recovery), dueTs },
  };
}

function folder(one: Json): Folder[] {
  const id = text(one.id);
  const name = text(one.name).trim();
  if (id === '' || name === '') {
    return [];
  }
  const kinds = texts(one.kinds).filter((kind): kind is ChatKind => kind === 'dm' || kind === 'group');
  const without = Array.isArray(one.without)
    ? texts(one.without).filter((each): each is Without => each === 'muted' || each === 'read' || each === 'archived')
    : (['archived'] as const);
  const emoji = text(one.emoji).slice(0, EMOJI_LONGEST);
  return [{ id, name, emoji, kinds, include: texts(one.include), exclude: texts(one.exclude), without }];
}
