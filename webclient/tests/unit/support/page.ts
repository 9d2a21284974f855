/** A page of the engine under test: its mirror of the store, and its commands. */
import 'fake-indexeddb/auto';
import { Engine } from '../../../src/engine/engine';
import type { CommandName, ToPage } from '../../../src/engine/rpc';
import { systemClock } from '../../../src/engine/transport/types';
import type { Commands, MirrorState, Timeline } from '../../../src/store/contract';
import { createMirror } from '../../../src/store/mirror';
import type { Homeserver } from './homeserver';

let databases = 0;

export function freshDatabase(): string {
  databases += 1;
  return `test-${databases}-${Math.random()}`;
}

export interface TestPage {
  readonly engine: Engine;
  readonly state: MirrorState;
  readonly commands: Commands;
  readonly databaseName: string;
  /** Texts of the rows of an open room. */
  bodies(roomId: string): string[];
  timeline(roomId: string): Timeline;
}

/** An engine on a database, with one page; the same name again is a reload. */
export async function openPage(server: Homeserver, databaseName = freshDatabase()): Promise<TestPage> {
  const engine = await Engine.start({
    fetch: server.fetch,
    upload: server.upload,
    connect: server.connect,
    clock: { ...systemClock, random: () => 0.01 },
    candidates: ['http://home.test'],
    databaseName,
    online: () => true,
    forget: () => undefined,
  });
  const mirror = createMirror();
  const page = engine.attach((message: ToPage) => {
    if (message.t === 'patches') {
      // As a port would: nothing of the engine's own objects is shared.
      mirror.apply(structuredClone(message.patches));
    }
  });
  const commands = new Proxy({} as Commands, {
    get:
      (_target, name: CommandName) =>
      (...args: readonly unknown[]) =>
        engine.call(page, name, args),
  });
  const timeline = (roomId: string) => {
    const found = mirror.state.timelines[roomId];
    if (found === undefined) {
      throw new Error(`${roomId} is not open`);
    }
    return found;
  };
  return {
    engine,
    state: mirror.state,
    commands,
    databaseName,
    timeline,
    bodies: (roomId) =>
      timeline(roomId)
        .items.map((key) => String(timeline(roomId).events[key]?.content.body ?? ''))
        .filter(Boolean),
  };
}

/** A page that is signed in, with its list filled. */
export async function signedIn(server: Homeserver, databaseName?: string): Promise<TestPage> {
  const page = await openPage(server, databaseName);
  await until(() => page.state.session.phase !== 'loading');
  if (page.state.session.phase !== 'signedIn') {
    await page.commands.login({ server: null, user: 'ann', password: 'right' });
  }
  await until(() => page.state.connection.status === 'live');
  return page;
}

/** Waits until something holds; fails after 15 s. */
export async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!holds()) {
    if (Date.now() > deadline) {
      throw new Error(`never came true: ${holds}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
