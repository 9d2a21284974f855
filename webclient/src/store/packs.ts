/** Packs of stickers and custom emoji. Part of the contract. */
import type { ImagePack, PackImage } from '../model/image-packs';
import type { EventId, ItemKey, RoomId } from './contract';

export interface PackCommands {
  /** Packs that may be used in a room: those I use everywhere first, then the room's own. */
  imagePacks(roomId: RoomId): Promise<readonly ImagePack[]>;
  sendSticker(
    roomId: RoomId,
    image: PackImage,
    relation: { readonly replyTo?: EventId | undefined; readonly thread?: EventId | undefined },
  ): Promise<ItemKey>;
  /** Keeps a pack of a room with these pictures. */
  savePack(roomId: RoomId, stateKey: string, name: string, images: readonly PackImage[]): Promise<void>;
  setPackEverywhere(roomId: RoomId, stateKey: string, everywhere: boolean): Promise<void>;
}
