/** What a line that begins with a slash does. */
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { isUserId } from '../../model/events';
import { written } from '../../model/marks';
import type { Client, Room, RoomId } from '../../store/contract';
import { CommandError, errorInfo } from '../../store/errors';
import { clearWriting } from '../../store/ui';
import { ask } from '../../ui/dialog';
import { toast } from '../../ui/toast';

export interface Command {
  readonly name: string;
  readonly rest: string;
  readonly source: string;
}

/** Names with what they take, for completion. */
export const hints = {
  me: '...',
  shrug: '',
  spoiler: '...',
  invite: '@name:server',
  kick: '@name:server',
  ban: '@name:server',
  unban: '@name:server',
  role: '@name:server ...',
  topic: '...',
  nick: '...',
  join: '#group:server',
  leave: '',
} as const;

type Name = keyof typeof hints;

/** The command in a text; null for a text, and for a path (`/etc/hosts`). Two slashes are a text that begins with one. */
export function commandIn(text: string): Command | null {
  const found = /^\/([a-z]+)(?:\s+([\s\S]*))?$/.exec(text.trim());
  return found?.[1] === undefined ? null : { name: found[1], rest: found[2]?.trim() ?? '', source: text.trim() };
}

/** What the command that is being written takes; null where it takes nothing, or is none. */
export function hintFor(text: string): string | null {
  const name = /^\/([a-z]+)\s/.exec(text)?.[1];
  const hint = name !== undefined && Object.hasOwn(hints, name) ? hints[name as Name] : '';
  return hint === '' ? null : `/${name} ${hint}`;
}

/** Does it; false when it was not done and the text should stay. */
export async function runCommand(client: Client, roomId: RoomId, command: Command): Promise<boolean> {
  const { commands } = client;
  const { name, rest } = command;
  if (!Object.hasOwn(hints, name)) {
    const send = () => {
      clearWriting(roomId);
      void commands.sendMessage(roomId, written(command.source)).catch(() => undefined);
    };
    const title = t('composer-unknown-command', { name: `/${name}` });
    ask({ title, yes: t('composer-send'), no: t('composer-cancel'), answer: send });
    return false;
  }
  const hint = hints[name as Name];
  const isMissing = hint !== '' && (rest === '' || (hint.startsWith('@') && !isUserId(rest.split(/\s/)[0] ?? '')));
  if (isMissing) {
    toast(t('composer-command-failed', { hint }));
    return false;
  }
  try {
    await perform(client, roomId, name as Name, rest);
    return true;
  } catch (error) {
    toast(errorText(errorInfo(error)));
    return false;
  }
}

async function perform({ state, commands }: Client, roomId: RoomId, name: Name, rest: string): Promise<void> {
  const [who = '', ...words] = rest.split(/\s+/);
  const reason = words.join(' ') || undefined;
  switch (name) {
    case 'me':
      await commands.sendMessage(roomId, { ...written(rest), as: 'emote' });
      return;
    case 'shrug':
      await commands.sendMessage(roomId, { text: `${rest} ¯\\_(ツ)_/¯`.trim() });
      return;
    case 'spoiler':
      await commands.sendMessage(roomId, written(`||${rest}||`));
      return;
    case 'invite':
      return commands.invite(roomId, who, reason);
    case 'kick':
      return commands.kick(roomId, who, reason);
    case 'ban':
      return commands.ban(roomId, who, reason);
    case 'unban':
      return commands.unban(roomId, who);
    case 'role':
      return commands.assignRoles(roomId, who, rolesNamed(state.rooms[roomId], words.join(' ')));
    case 'topic':
      return commands.setRoomTopic(roomId, rest);
    case 'nick':
      return commands.setDisplayName(rest);
    case 'join':
      await commands.join(who);
      return;
    case 'leave':
      return commands.leave(roomId);
  }
}

/** Ids of the role of this name, or none for no name. Throws a CommandError when the group has no such role. */
function rolesNamed(room: Room | undefined, name: string): string[] {
  if (name.trim() === '') return [];
  const wanted = name.trim().toLowerCase();
  const found = room?.group.roles?.roles.find((role) => role.name.toLowerCase() === wanted);
  if (!found)
    throw new CommandError({ errcode: 'M_NOT_FOUND', message: 'no such role', status: 0, retryAfterMs: null });
  return [found.id];
}
