/** The texts of pages that are loaded when they are asked for; whoever loads such a page loads these with it. */
import english from './en-more.ftl?raw';
import { addTexts } from './index';

await addTexts(english, async () => (await import('./ru-more.ftl?raw')).default);
