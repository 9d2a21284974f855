/** Looking at a group as members with a role see it: on this page alone, and nothing is sent. */
import type { Client, Room, RoomId, Standing } from '../../store/contract';
import { closeAllRight, setViewedAs, viewedAs } from '../../store/pages';
import { route } from '../../store/ui';

/** The level of a role, '' for those who have none; undefined: there is no such role. */
export const levelOfRole = (room: Room, roleId: string): number | undefined =>
  roleId === '' ? room.defaultPower : room.group.roles?.roles.find((role) => role.id === roleId)?.level;

/** Shows the group so until `stopViewing`, or until the role is gone; rejects when what it may cannot be known. */
export async function viewAs(client: Client, roomId: RoomId, roleId: string): Promise<void> {
  const { state, commands, showAs } = client;
  const standingIn = async (room: Room): Promise<Standing | null> => {
    const level = levelOfRole(room, roleId);
    return level === undefined ? null : commands.standingAt(roomId, level);
  };
  const now = state.rooms[roomId];
  const begun = now ? await standingIn(now) : null;
  if (begun === null || route().roomId !== roomId) return;
  const mine = { roomId, roleId };
  let standing = begun;
  const isOn = () => viewedAs() === mine;
  const change = (room: Room): Room => {
    void renew(room).catch(() => undefined);
    return { ...room, my: standing.my, group: { ...room.group, ...standing.group } };
  };
  /** The group was told anew: what the role may can be something else now. */
  const renew = async (room: Room) => {
    const next = await standingIn(room);
    if (!isOn()) return;
    if (next === null) {
      stopViewing(client);
    } else if (JSON.stringify(next) !== JSON.stringify(standing)) {
      standing = next;
      showAs(roomId, change);
    }
  };
  closeAllRight();
  setViewedAs(mine);
  showAs(roomId, change);
}

export function stopViewing({ showAs }: Client): void {
  const before = viewedAs();
  if (!before) return;
  setViewedAs(undefined);
  showAs(before.roomId, null);
}
