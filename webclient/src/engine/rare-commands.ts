/** Commands about groups, numbers, packs and looking for things: fetched when the first of them is called. */
import type { Parts } from './commands';
import { findingCommands } from './finding';
import { groupCommands } from './groups';
import { packCommands } from './packs';
import { numberCommands } from './phone';
import { timedCommands } from './timed';
import { webPushCommands } from './web-push';

export function rareCommands(parts: Parts) {
  return {
    ...groupCommands(parts),
    ...findingCommands(parts),
    ...packCommands(parts),
    ...numberCommands(parts),
    ...timedCommands(parts),
    ...webPushCommands(parts),
  };
}

export type RareCommands = ReturnType<typeof rareCommands>;
