/** What the commands and their parts need of the running session. */
import type { Json } from '../model/events';
import type { HttpAnswer, HttpRequest } from './api/http';
import type { Method } from './api/methods';
import type { LoadState } from './publisher';
import type { Account } from './sync/account';
import type { Changes } from './sync/changes';
import type { RoomTimeline } from './sync/timeline';
import type { UploadOptions } from './transfer';

export interface Core {
  readonly account: Account;
  /** A named method over the socket, or by HTTP where there is none. */
  request(method: Method, params: Json): Promise<Json>;
  http(request: HttpRequest): Promise<Json>;
  /** One call whatever its status. */
  exchange(request: HttpRequest): Promise<HttpAnswer>;
  /** Shows what changed and writes it; resolves when it is on disk. */
  commit(changes: Changes): Promise<void>;
  /** A file of the queue, by its key. */
  blob(key: string): Promise<Blob | null>;
  /** The bytes at a path of the client API. */
  download(path: string): Promise<Blob>;
  /** Uploads a file; its `mxc:` address. */
  upload(file: Blob, options: UploadOptions): Promise<string>;
  timeline(roomId: string): Promise<RoomTimeline>;
  /** Shows that a load of a room's timeline is running, or failed. */
  loading(roomId: string, state: Partial<LoadState>): void;
  /** Resolves when `holds` is true of the account, at the latest after 10 s. */
  until(holds: (account: Account) => boolean): Promise<void>;
  isConnected(): boolean;
  /** Connected, and all that there is has come. */
  isLive(): boolean;
  /** When it became live the last time, ms. */
  liveSince(): number;
}
