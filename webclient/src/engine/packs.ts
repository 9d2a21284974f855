/** Commands about stickers and custom emoji. Spec: Client-Server API, Image packs. */
import { type Json, object } from '../model/events';
import {
  type ImagePack,
  imagePack,
  OLD_OWN_PACK,
  OLD_PACK,
  OLD_PACK_ROOMS,
  PACK,
  PACK_ROOMS,
  packContent,
  packRooms,
  withPackRoom,
} from '../model/image-packs';
import type { PackCommands } from '../store/packs';
import type { Parts } from './commands';
import { requireJoined } from './joined';
import { keepAccountData } from './own';
import { stateOf } from './room-state';
import { stateKey as keyOf } from './sync/account';

export function packCommands(parts: Parts): PackCommands {
  const { account, messages } = parts;
  const data = (type: string): Json => account.accountData.get(type) ?? {};
  return {
    imagePacks: async (roomId) => {
      const used = [...packRooms(data(PACK_ROOMS)), ...packRooms(data(OLD_PACK_ROOMS))];
      const everywhere = await Promise.all(used.map((place) => packAt(parts, place.roomId, place.stateKey)));
      const own = imagePack(data(OLD_OWN_PACK), { id: 'own', name: '', place: null, everywhere: true });
      const known = new Map<string, ImagePack>();
      for (const pack of [own, ...everywhere, ...packsIn(parts, roomId)]) {
        if (pack !== null && !known.has(pack.id)) {
          known.set(pack.id, pack);
        }
      }
      return [...known.values()];
    },
    sendSticker: async (roomId, image, relation) => {
      requireJoined(parts, roomId);
      return messages.sendSticker(roomId, image, relation);
    },
    savePack: async (roomId, stateKey, name, images) => {
      const before = account.state(roomId, PACK, stateKey);
      const content = images.length === 0 ? {} : packContent(before?.content ?? {}, name, images);
      if (JSON.stringify(content) === JSON.stringify(before?.content)) {
        return;
      }
      await parts.request('state', { room_id: roomId, type: PACK, state_key: stateKey, content });
      await parts.until((now) => now.state(roomId, PACK, stateKey) !== before);
    },
    setPackEverywhere: (roomId, stateKey, used) =>
      keepAccountData(parts, PACK_ROOMS, withPackRoom(data(PACK_ROOMS), roomId, stateKey, used)),
  };
}

/** The packs that lie in a room, where its state is here; the newer name wins. */
function packsIn(parts: Parts, roomId: string): (ImagePack | null)[] {
  const state = Object.values(parts.account.rooms.get(roomId)?.state ?? {});
  return [PACK, OLD_PACK].flatMap((type) =>
    state
      .filter((event) => event.type === type && event.content !== null)
      .map((event) => made(parts, { roomId, stateKey: event.state_key, content: event.content ?? {} })),
  );
}

/** One pack of a room that may not be open; null when it is gone. */
async function packAt(parts: Parts, roomId: string, stateKey: string): Promise<ImagePack | null> {
  const room = parts.account.rooms.get(roomId);
  if (room?.membership !== 'join') {
    return null;
  }
  for (const type of [PACK, OLD_PACK]) {
    const known = room.state[keyOf(type, stateKey)]?.content;
    const content = known ?? (await stateOf(parts, roomId, type, stateKey));
    const pack = made(parts, { roomId, stateKey, content: object(content) });
    if (pack !== null) {
      return pack;
    }
  }
  return null;
}

function made(parts: Parts, from: { readonly roomId: string; readonly stateKey: string; readonly content: Json }) {
  const { roomId, stateKey, content } = from;
  const everywhere = packRooms(parts.account.accountData.get(PACK_ROOMS) ?? {}).some(
    (place) => place.roomId === roomId && place.stateKey === stateKey,
  );
  const name = String(parts.account.content(roomId, 'm.room.name').name ?? '');
  return imagePack(content, { id: `${roomId} ${stateKey}`, name, place: { roomId, stateKey }, everywhere });
}
