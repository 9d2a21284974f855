/** Requests and answers of the calls that are made, named after the spec's operation ids; only the fields that are used. */
export interface LoginRequestBody {
  readonly type: 'm.login.password';
  readonly identifier:
    | { readonly type: 'm.id.user'; readonly user: string }
    | { readonly type: 'm.id.thirdparty'; readonly medium: 'email'; readonly address: string }
    | { readonly type: 'm.id.phone'; readonly country: string; readonly phone: string };
  readonly password: string;
  readonly refresh_token: true;
  readonly device_id?: string;
  readonly initial_device_display_name: string;
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
  readonly invite_3pid?: readonly unknown[];
  readonly is_direct: boolean;
}
