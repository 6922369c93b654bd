/** What a session's program finds in its environment: a login's basics, what the opener gave, and a terminal that tells the truth. */

/** The daemon's own that any program may know. Everything else (keys, GANTRY_*, NODE_OPTIONS) stays with the daemon. */
const inherited =
  /^(?:HOME|USER|LOGNAME|SHELL|PATH|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR|XDG_RUNTIME_DIR|DISPLAY|WAYLAND_DISPLAY|SSH_AUTH_SOCK)$/;

/** Say things about the terminal that the opener sits at, which is not the one that the program gets. */
const ofAnotherTerminal =
  /^(?:TERM|COLORTERM|TMUX|TMUX_PANE|STY|WINDOW|WINDOWID|TERMCAP|COLUMNS|LINES|TERM_PROGRAM|TERM_PROGRAM_VERSION|TERM_SESSION_ID|VTE_VERSION|KONSOLE_.*|KITTY_.*|WEZTERM_.*|ITERM_.*|ZELLIJ.*|GANTRY_SESSION_ID|GANTRY_EXECUTION_ID|NODE_OPTIONS)$/;

export function sessionEnvironment(
  daemonEnv: Readonly<Record<string, string | undefined>>,
  given: Readonly<Record<string, string>> | undefined,
  mode: "pty" | "pipe",
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(daemonEnv)) if (value !== undefined && inherited.test(name)) env[name] = value;
  for (const [name, value] of Object.entries(given ?? {})) if (!ofAnotherTerminal.test(name)) env[name] = value;
  if (mode === "pty") Object.assign(env, { TERM: "xterm-256color", COLORTERM: "truecolor" });
  return env;
}
