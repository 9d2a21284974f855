/** Being told while no page is open. Part of the contract. */
import type { BrowserAddress } from '../model/web-push';

export interface WebPushCommands {
  /** The key that the server sends with; null where it sends nothing to browsers. */
  webPushKey(): Promise<string | null>;
  /** Whether the server tells the browser that gave this `p256dh`: for me, not for who was signed in here before. */
  hasWebPush(p256dh: string): Promise<boolean>;
  /** Has the server tell this browser. */
  setWebPush(address: BrowserAddress): Promise<void>;
  /** Ends that, by the browser's `p256dh`. */
  endWebPush(p256dh: string): Promise<void>;
}
