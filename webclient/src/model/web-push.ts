/** What the server is told of a browser that wants to be told of messages. Ours: docs/extensions.md, Web Push. */

/** What a browser gives who is asked for a way to reach it. */
export interface BrowserAddress {
  readonly url: string;
  readonly p256dh: string;
  readonly auth: string;
}

export const WEB_PUSH = 'app.hearth.webpush';
export const WEB_APP_ID = 'app.hearth.web';

export function browserPusher({ url, p256dh, auth }: BrowserAddress): Readonly<Record<string, unknown>> {
  return {
    kind: WEB_PUSH,
    app_id: WEB_APP_ID,
    pushkey: p256dh,
    app_display_name: 'Hearth',
    device_display_name: 'Hearth web',
    lang: 'en',
    data: { url, auth },
  };
}
