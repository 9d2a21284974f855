/** Requests and answers of the calls that are made, named after the spec's operation ids; only the fields that are used. */
import type { Json } from '../../model/events';

export interface GetWellknown {
  readonly 'm.homeserver'?: { readonly base_url?: unknown };
}

export interface LoginRequestBody {
  readonly type: 'm.login.password';
  readonly identifier: { readonly type: 'm.id.user'; readonly user: string };
  readonly password: string;
  readonly refresh_token: true;
  readonly device_id?: string;
  readonly initial_device_display_name: string;
}

export interface RegisterRequestBody {
  readonly username: string;
  readonly password: string;
  readonly refresh_token: true;
  readonly initial_device_display_name: string;
  readonly auth?: Json;
}

/** Answer of login, register and refresh, after the guard in `session.ts`. */
export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string | null;
  /** When the access token ends, ms since the epoch; null: never. */
  readonly expiresAt: number | null;
}

export interface CreateRoomRequestBody {
  readonly name?: string;
  readonly preset: 'private_chat' | 'public_chat' | 'trusted_private_chat';
  readonly invite: readonly string[];
  readonly is_direct: boolean;
}
