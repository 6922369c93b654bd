/** RE2 patterns, which no text can hold up. The engine is loaded with the first: it is large, and many daemons and screens have none. */
import { createRequire } from "node:module";

import type * as re2 from "re2js";

const load = createRequire(import.meta.url);

/** `^` and `$` stand for the ends of lines. Throws the engine's error for what is no RE2 pattern. */
export function compilePattern(pattern: string): re2.RE2JS {
  const engine = (load("re2js") as typeof re2).RE2JS;
  return engine.compile(pattern, engine.MULTILINE);
}
