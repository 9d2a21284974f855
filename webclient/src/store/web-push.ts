/** Being told while no page is open. Part of the contract. */
import type { BrowserAddress } from '../model/web-push';

export interface WebPushCommands {
  /** The key that the server sends with; null where it sends nothing to browsers. */
  webPushKey(): Promise<string | null>;
  /** Has the server tell this browser. */
  setWebPush(address: BrowserAddress): Promise<void>;
  /** Ends that, by the browser's `p256dh`. */
  endWebPush(p256dh: string): Promise<void>;
}
