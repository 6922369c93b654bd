/** Programs that paint whole screens, and what is typed into them, so that the same can be played in several terminals. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface Scene {
  argv: string[];
  /** Shown when it has started; then keys are typed, one after the other's text is shown. */
  starts: string;
  steps: [keys: string, shows: string][];
}

/** Where a scene is played. */
interface Stage {
  type(text: string): unknown;
  shows(text: string): Promise<unknown>;
}

export async function playScene(stage: Stage & { settles(): Promise<void> }, { starts, steps }: Scene): Promise<void> {
  await stage.shows(starts);
  for (const [keys, shows] of steps) {
    await stage.type(keys);
    await stage.shows(shows);
  }
  await stage.settles();
}

/** Numbers, a search, and a split. */
export async function vimScene(folder: string): Promise<Scene> {
  await writeFile(
    join(folder, "poem.c"),
    Array.from({ length: 60 }, (_, line) => `int line_${line} = ${line}; /* ünï→code 漢字 */\n`).join(""),
  );
  return {
    argv: ["vim", "-u", "NONE", "-i", "NONE", "-n", "-N", "--cmd", "syntax on", "poem.c"],
    starts: "line_5",
    steps: [
      [":set nu hls ruler\r/line_1.\r", "15 int line_14"],
      [":split\r", "poem.c"],
      ["20G", "20,1"],
    ],
  };
}

/** A search. */
export async function lessScene(folder: string): Promise<Scene> {
  await writeFile(join(folder, "long.txt"), Array.from({ length: 200 }, (_, line) => `line ${line} of two hundred\n`).join(""));
  return { argv: ["less", "long.txt"], starts: "line 5 ", steps: [["/line 77\r", "line 90 "]] };
}

/** Two panes. */
export async function tmuxScene(folder: string): Promise<Scene> {
  const conf = join(folder, "tmux.conf");
  await writeFile(
    conf,
    "set -g status-right ''\nset -g default-command \"env PS1='$ ' sh\"\nset -g automatic-rename off\nset -g escape-time 0\nset -g destroy-unattached on\n",
  );
  // One server a run: both have one of their own, and it ends with its session.
  const script = `exec tmux -S ${folder}/tmux-$$ -f ${conf} new-session -s scene`;
  return {
    argv: ["sh", "-c", script],
    // Each shell's prompt first: what is typed before it is echoed before it.
    starts: "$",
    steps: [
      ["seq 3\r", "3\n$"],
      ["\u0002%", "│$"],
      ["echo right-$((1+1))\r", "right-2"],
    ],
  };
}
