/** Connects the page to the engine: the mirror store it reads, and the commands it calls. */
import { unwrap } from 'solid-js/store';
import { type EngineLink, openLink } from '../engine/link';
import type { CommandName, ToPage } from '../engine/rpc';
import { newTransaction } from '../model/transactions';
import { viewId } from '../model/view-ids';
import type { Client, Commands, MessageDraft, RoomId } from './contract';
import { echoOf } from './echo';
import { CommandError } from './errors';
import { Frames } from './frames';
import { createMirror, type Mirror } from './mirror';

const RELOADED = 'hearth-reloaded-at';
const RELOAD_PAUSE_MS = 60_000;

interface Call {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: CommandError) => void;
}

export function connectEngine(link: EngineLink = openLink()): Client {
  const mirror = createMirror();
  const caller = new Caller(link, mirror);
  const commands = new Proxy({} as Commands, {
    get:
      (_target, name: CommandName) =>
      (...args: readonly unknown[]) =>
        name === 'sendMessage'
          ? caller.send(...(args as Parameters<Commands['sendMessage']>))
          : caller.call(name, args),
  });
  if (import.meta.env.DEV) {
    Object.assign(globalThis, { __hearth: { state: mirror.state, commands } });
  }
  return { state: mirror.state, commands, showAs: mirror.showAs };
}

class Caller {
  private readonly calls = new Map<number, Call>();
  private readonly open = new Set<string>();
  private readonly frames: Frames;
  private last = 0;

  constructor(
    private readonly link: EngineLink,
    private readonly mirror: Mirror,
  ) {
    this.frames = new Frames(mirror);
    link.listen((message) => this.receive(message));
    link.onNewEngine(() => this.attachAgain());
    link.post({ t: 'attach', tab: this.link.tab });
  }

  call(name: CommandName, args: readonly unknown[]): Promise<unknown> {
    if (name === 'openRoom') {
      this.open.add(String(args[0]));
    } else if (name === 'closeRoom') {
      this.open.delete(String(args[0]));
    }
    this.last += 1;
    const id = this.last;
    return new Promise((resolve, reject) => {
      this.calls.set(id, { resolve, reject });
      // What comes out of the store cannot cross the port as it is.
      this.link.post({ t: 'call', id, name, args: args.map((one) => unwrap(one)) });
    });
  }

  /** The row stands there in the moment it is sent; the engine stores and sends it, and tells what becomes of it. */
  async send(roomId: RoomId, draft: MessageDraft): Promise<unknown> {
    const named = { ...draft, txnId: newTransaction(Date.now()) };
    const item = echoOf(this.mirror.state, roomId, draft, { txnId: named.txnId, now: Date.now() });
    const view = viewId(roomId, draft.thread ?? null);
    const sent = this.call('sendMessage', [roomId, named]);
    this.mirror.echo(view, item);
    try {
      return await sent;
    } catch (error) {
      this.mirror.forgetEcho(view, item.key);
      throw error;
    }
  }

  private receive(message: ToPage): void {
    if (message.t === 'patches') {
      this.frames.add(message.patches);
    } else if (message.t === 'replaced') {
      reloadOnce();
    } else {
      // Who called sees what the call has changed.
      this.frames.flush();
      const call = this.calls.get(message.id);
      this.calls.delete(message.id);
      if (message.t === 'result') {
        call?.resolve(message.value);
      } else {
        call?.reject(new CommandError(message.error));
      }
    }
  }

  /** The engine that was asked is gone with its page: what waits for its answers cannot know how it ended. */
  private attachAgain(): void {
    for (const call of this.calls.values()) {
      call.reject(
        new CommandError({ errcode: 'NETWORK', message: 'the engine restarted', status: 0, retryAfterMs: null }),
      );
    }
    this.calls.clear();
    this.link.post({ t: 'attach', tab: this.link.tab });
    for (const roomId of this.open) {
      void this.call('openRoom', [roomId]).catch(() => undefined);
    }
  }
}

/** A newer version of the engine runs: load its page, but never in a circle. */
function reloadOnce(): void {
  const before = Number(sessionStorage.getItem(RELOADED) ?? 0);
  if (Date.now() - before > RELOAD_PAUSE_MS) {
    sessionStorage.setItem(RELOADED, String(Date.now()));
    location.reload();
  }
}
