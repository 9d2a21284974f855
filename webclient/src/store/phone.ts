/** Signing in by phone number and code. Part of the contract; docs/extensions.md, Phone numbers. */

export interface SmsCodeRequest {
  /** Name or address of the server; null takes the session's suggested one. */
  readonly server: string | null;
  /** The number without its dial code. */
  readonly number: string;
  /** Two letters. */
  readonly country: string;
  /** Made for this number here; binds the code to this browser. */
  readonly secret: string;
  /** From 1; a greater one sends another code. */
  readonly attempt: number;
}

export interface SmsCode {
  readonly sid: string;
  /** The number as the server understood it. */
  readonly number: string;
}

export interface SmsLogin {
  readonly server: string | null;
  readonly sid: string;
  readonly secret: string;
  /** Absent once it was right. */
  readonly code?: string;
  readonly password?: string;
  /** Make an account, shown by `name`, with an address of this `username` if there is one. */
  readonly signUp?: { readonly name: string; readonly username: string };
  /** The account that has the number is not mine. */
  readonly beginAnew?: boolean;
}

/** `name`: nobody has the number. `password`: the account wants its password; `idle`: it may be somebody else's. */
export type SmsOutcome =
  | { readonly done: true }
  | { readonly done: false; readonly needs: 'name' }
  | { readonly done: false; readonly needs: 'password'; readonly idle: boolean };

export interface PhoneCommands {
  /** Has a code sent; does the work that the server asks for before it sends another one. */
  requestSmsCode(request: SmsCodeRequest): Promise<SmsCode>;
  loginBySms(request: SmsLogin): Promise<SmsOutcome>;
}
