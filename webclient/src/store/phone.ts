/** Phone numbers: signing in with one, one's own, inviting by one. Part of the contract; docs/extensions.md. */
import type { RoomId } from './contract';

/** A number as it was typed, and the two letters of the country that was chosen for it. */
export interface GivenNumber {
  /** Without the dial code of the country. */
  readonly number: string;
  readonly country: string;
}

export interface CodeRequest extends GivenNumber {
  /** Made for this number here; binds the code to this browser. */
  readonly secret: string;
  /** From 1; a greater one sends another code. */
  readonly attempt: number;
}

export interface SmsCodeRequest extends CodeRequest {
  /** Name or address of the server; null takes the session's suggested one. */
  readonly server: string | null;
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
  /** Make an account, shown by `name` and `photo`, with an address of this `username` if there is one. */
  readonly signUp?: { readonly name: string; readonly username: string; readonly photo: Blob | null };
  /** The account that has the number is not mine. */
  readonly beginAnew?: boolean;
  /** I have neither the password nor another device, and wait. */
  readonly recover?: boolean;
}

export type SignInWay = 'password' | 'approval' | 'recovery';

/** What else opens an account on a device that it does not know. */
export interface MoreProof {
  readonly ways: readonly SignInWay[];
  /** The account may be somebody else's. */
  readonly idle: boolean;
  /** Two digits that a device of the account has to be told; null where none is asked. */
  readonly number: string | null;
  /** From when on the number alone opens the account, ms since the epoch; null: nobody waits. */
  readonly dueTs: number | null;
}

/** `name`: nobody has the number. `password`: only the account's password opens it. `more`: that or something else. */
export type SmsOutcome =
  | { readonly done: true }
  | { readonly done: false; readonly needs: 'name' }
  | { readonly done: false; readonly needs: 'password'; readonly idle: boolean }
  | ({ readonly done: false; readonly needs: 'more' } & MoreProof);

export type SignInState = 'waiting' | 'approved' | 'refused';

/** Where somebody is who wants to come in, as the server saw it. */
interface Whereabouts {
  readonly ts: number;
  readonly ip: string;
  readonly userAgent: string;
}

/** Somebody came with a code to my number, and waits for an answer of a device of mine. */
export interface SignInRequest extends Whereabouts {
  readonly id: string;
  readonly expiresTs: number;
}

export interface SignIns {
  readonly requests: readonly SignInRequest[];
  /** Somebody waits for my account to open by its number alone. */
  readonly recovery: (Whereabouts & { readonly dueTs: number }) | null;
}

export interface OwnNumber {
  /** Digits with the dial code. */
  readonly address: string;
  /** As people write it. */
  readonly shown: string;
}

export interface Discovery {
  /** The server lets people be found by number at all. */
  readonly available: boolean;
  /** `contacts`: those whose number I have looked up, and who have looked up mine. */
  readonly byNumber: 'nobody' | 'contacts';
  /** Who knows my number may invite me by it. */
  readonly invites: boolean;
}

/** What the server knows of my numbers, and what it asks for when I come in by one. */
export interface OwnPhone {
  readonly numbers: readonly OwnNumber[];
  readonly hasPassword: boolean;
  readonly secondFactor: boolean;
  readonly discovery: Discovery;
  /** Another number takes the place of mine by then, unless that is taken back. */
  readonly pendingChange: { readonly shown: string; readonly dueTs: number } | null;
}

/** A number that was proven by its code. */
export interface NumberProof {
  readonly sid: string;
  readonly secret: string;
}

/** How somebody shows once more that it is them: the password, or a code that came to a number of theirs. */
export type Confirmation = { readonly password: string } | NumberProof;

export interface NumberChange {
  /** The new one. */
  readonly proof: NumberProof;
  /** Digits of the one that goes. */
  readonly old: string;
  /** null: I have neither password nor old number any more, and wait. */
  readonly confirmation: Confirmation | null;
}

export interface PhoneCommands {
  /** Has a code sent; does the work that the server asks for before it sends another one. */
  requestSmsCode(request: SmsCodeRequest): Promise<SmsCode>;
  loginBySms(request: SmsLogin): Promise<SmsOutcome>;
  /** What another device said of who came with this code. */
  signInState(request: Pick<SmsLogin, 'server' | 'sid' | 'secret'>): Promise<SignInState>;
  /** Says yes by the number that the other device shows, or no with null; any other number is a no, too. */
  answerSignIn(id: string, number: string | null): Promise<SignInState>;
  /** Nobody comes in by waiting. */
  stopRecovery(): Promise<void>;

  ownPhone(): Promise<OwnPhone>;
  /** Has a code sent to a number that I `add`, or to one of mine, to `confirm` what I do. */
  requestNumberCode(purpose: 'add' | 'confirm', request: CodeRequest): Promise<SmsCode>;
  /** Whether that was the code: the number is then proven for a quarter of an hour. */
  giveNumberCode(proof: NumberProof, code: string): Promise<boolean>;
  addNumber(proof: NumberProof, confirmation: Confirmation): Promise<void>;
  /** When it will have happened, ms since the epoch; null: it has. */
  changeNumber(change: NumberChange): Promise<number | null>;
  keepNumber(): Promise<void>;
  /** Rejects with `M_FORBIDDEN` for the only way into the account. */
  removeNumber(address: string): Promise<void>;
  /** Whether the password is asked for after the code. */
  setSecondFactor(on: boolean, confirmation: Confirmation): Promise<void>;
  setDiscovery(wish: Partial<Pick<Discovery, 'byNumber' | 'invites'>>): Promise<void>;
  /** A private chat with whoever has the number, now or one day. */
  createChatByNumber(number: GivenNumber): Promise<RoomId>;
  /** Invites whoever has the number, now or one day. */
  inviteNumber(roomId: RoomId, number: GivenNumber): Promise<void>;
}
